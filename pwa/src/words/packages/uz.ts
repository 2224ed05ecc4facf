import type { en } from "./en.ts";

export const uz: Readonly<Record<keyof typeof en, string>> = {
  "packages.open": "Ochish",
  "packages.go_on": "Davom ettirish",
  "packages.get": "Yuklash",
  "packages.gone": "Bu paket endi bu yerda yoʻq.",
  "packages.back": "Darsga qaytish",
  "packages.damaged": "Paketni ochib boʻlmadi. Kursni telefondan oʻchirib, qayta yuklang.",
  "packages.not_kept": "Natijangiz saqlanmadi: telefonda joy yoʻq.",
  "packages.opening": "Ochilmoqda…",
  "packages.close": "Tugatish",
  "packages.contents": "Mundarija",
  "packages.full": "Toʻliq ekran",
  "packages.outside": "Paket {address} manzilini ochmoqchi boʻldi. Paketdan tashqariga havolalar ochilmaydi.",
  "packages.passed": "Oʻtildi",
  "packages.completed": "Tugallandi",
  "packages.begun": "Boshlandi",
  "packages.score": "Natija {part}",
  "packages.learners": "{n} ta oʻquvchi",
  "packages.anew": "Qaytadan boshlash",
};
