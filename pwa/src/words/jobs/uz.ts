import type { en } from "./en.ts";

export const uz: Readonly<Record<keyof typeof en, string>> = {
  "jobs.title": "Server bajara olmagan ishlar",
  "jobs.lead":
    "Ruxsat etilgancha urinilgan, lekin chiqmagan ishlar. Hech narsa yoʻqolmadi: sabab bartaraf boʻlgach, qayta urining.",
  "jobs.none": "Hammasi bajarilgan",
  "jobs.none_hint": "Server voz kechgan ishlar shu yerda koʻrinadi.",
  "jobs.find": "Ombordan yoʻqolgan faylni topish",
  "jobs.check": "Yuborilgan faylni tekshirish",
  "jobs.shrink": "Video yoki yozuvni kichraytirish",
  "jobs.import": "Kursni import qilish",
  "jobs.gave_up": "{ago} toʻxtatildi, urinishlar: {n}",
  "jobs.details": "Nima boʻldi",
  "jobs.again": "Qayta urinish",
  "jobs.trying": "Server tez orada qayta urinadi.",
  "jobs.look": "Qayta koʻrish",
  "jobs.older": "Eskilarini koʻrsatish",
  "jobs.names": "Fan nomlari",
  "jobs.names_lead":
    "Bu nomlarni oʻqituvchilar yozgan, roʻyxatda esa ular yoʻq. Nomni roʻyxatga oling yoki qaysi fan ekanini ayting: unga tegishli hammasi oʻsha fanga oʻtadi.",
  "jobs.names_none": "Kutayotgan nom yoʻq",
  "jobs.names_none_hint": "Hech bir fanda boʻlmagan nom shu yerda koʻrinadi.",
  "jobs.names_by": "{by}, {ago} · {n} ta kurs",
  "jobs.names_means": "Bu quyidagi fan",
  "jobs.names_choose": "Fanni tanlang",
  "jobs.names_merge": "Birlashtirish",
  "jobs.names_take": "Roʻyxatga olish",
  "jobs.names_done": "Bajarildi",
};
