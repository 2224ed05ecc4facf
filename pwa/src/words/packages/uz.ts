import type { en } from "./en.ts";

export const uz: Readonly<Record<keyof typeof en, string>> = {
  "packages.open": "Ochish",
  "packages.go_on": "Davom ettirish",
  "packages.get": "Yuklab olish",
  "packages.gone": "Bu toʻplam endi bu yerda yoʻq.",
  "packages.back": "Darsga qaytish",
  "packages.damaged": "Toʻplamni ochib boʻlmadi. Kursni telefondan olib tashlab, qayta yuklang.",
  "packages.not_kept": "Natijangiz saqlanmadi: telefonda joy yoʻq.",
  "packages.opening": "Ochilmoqda…",
  "packages.close": "Tugatish",
  "packages.contents": "Mundarija",
  "packages.full": "Toʻliq ekran",
  "packages.outside": "Toʻplam {address} manzilini ochmoqchi boʻldi. Toʻplamdan tashqariga havolalar ochilmaydi.",
  "packages.passed": "Oʻtildi",
  "packages.completed": "Tugallandi",
  "packages.begun": "Boshlandi",
  "packages.score": "Natija {part}",
  "packages.learners": "{n} oʻquvchi|{n} oʻquvchi",
  "packages.anew": "Qaytadan boshlash",
};
