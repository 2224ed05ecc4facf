import type { en } from "./en.ts";

export const ru: Readonly<Record<keyof typeof en, string>> = {
  "jobs.title": "Что серверу не удалось",
  "jobs.lead":
    "Работа, которая не вышла столько раз, сколько можно. Ничего не потеряно: когда причина устранена, повторите.",
  "jobs.none": "Всё сделано",
  "jobs.none_hint": "Здесь появится то, от чего сервер отказался.",
  "jobs.check": "Проверить присланный файл",
  "jobs.shrink": "Сжать видео или запись",
  "jobs.import": "Загрузить курс",
  "jobs.gave_up": "Прекращено {ago}, попыток: {attempts}",
  "jobs.details": "Что случилось",
  "jobs.again": "Повторить",
  "jobs.trying": "Сервер скоро попробует снова.",
  "jobs.look": "Проверить снова",
  "jobs.older": "Показать более старые",
};
