import type { en } from "./en.ts";

export const uz: Readonly<Record<keyof typeof en, string>> = {
  "jobs.title": "Server bajara olmagan ishlar",
  "jobs.lead":
    "Ruxsat etilgancha urinilgan, lekin chiqmagan ishlar. Hech narsa yoʻqolmadi: sabab bartaraf boʻlgach, qayta urining.",
  "jobs.none": "Hammasi bajarilgan",
  "jobs.none_hint": "Server voz kechgan ishlar shu yerda koʻrinadi.",
  "jobs.check": "Yuborilgan faylni tekshirish",
  "jobs.shrink": "Film yoki yozuvni kichraytirish",
  "jobs.import": "Kursni kiritish",
  "jobs.gave_up": "{ago} toʻxtatildi, urinishlar: {attempts}",
  "jobs.details": "Nima boʻldi",
  "jobs.again": "Qayta urinish",
  "jobs.trying": "Server tez orada qayta urinadi.",
  "jobs.look": "Qayta koʻrish",
  "jobs.older": "Eskilarini koʻrsatish",
};
