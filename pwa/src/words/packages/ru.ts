import type { en } from "./en.ts";

export const ru: Readonly<Record<keyof typeof en, string>> = {
  "packages.open": "Открыть",
  "packages.go_on": "Продолжить",
  "packages.get": "Загрузить",
  "packages.gone": "Этого пакета здесь больше нет.",
  "packages.back": "Назад к уроку",
  "packages.damaged": "Пакет не открывается. Удалите курс с телефона и загрузите заново.",
  "packages.not_kept": "Ваш прогресс не сохранён: на телефоне нет места.",
  "packages.opening": "Открывается…",
  "packages.close": "Закончить",
  "packages.contents": "Содержание",
  "packages.full": "Во весь экран",
  "packages.outside": "Пакет хотел открыть {address}. Ссылки наружу из пакета не открываются.",
  "packages.passed": "Сдано",
  "packages.completed": "Пройдено",
  "packages.begun": "Начато",
  "packages.score": "Результат {part}",
  "packages.learners": "{n} ученик|{n} ученика|{n} учеников|{n} ученика",
  "packages.anew": "Начать заново",
};
