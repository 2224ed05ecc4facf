import type { en } from "./en.ts";

export const uz: Readonly<Record<keyof typeof en, string>> = {
  "jobs.title": "Server bajara olmagan ishlar",
  "jobs.lead":
    "Ruxsat etilgancha urinilgan, lekin chiqmagan ishlar. Hech narsa yoʻqolmadi: sabab bartaraf boʻlgach, qayta urining.",
  "jobs.none": "Hammasi bajarilgan",
  "jobs.none_hint": "Server voz kechgan ishlar shu yerda koʻrinadi.",
  "jobs.find": "Ombordan yoʻqolgan faylni topish",
  "jobs.check": "Yuborilgan faylni tekshirish",
  "jobs.shrink": "Film yoki yozuvni kichraytirish",
  "jobs.import": "Kursni kiritish",
  "jobs.gave_up": "{ago} toʻxtatildi, urinishlar: {attempts}",
  "jobs.details": "Nima boʻldi",
  "jobs.again": "Qayta urinish",
  "jobs.trying": "Server tez orada qayta urinadi.",
  "jobs.look": "Qayta koʻrish",
  "jobs.older": "Eskilarini koʻrsatish",
  "jobs.names": "Fan nomlari",
  "jobs.names_lead":
    "Bu nomlarni o‘qituvchilar yozgan, ro‘yxatda esa ular yo‘q. Nomni ro‘yxatga oling yoki qaysi fan ekanini ayting: unga tegishli hammasi o‘sha fanga o‘tadi.",
  "jobs.names_none": "Kutayotgan nom yo‘q",
  "jobs.names_none_hint": "Hech bir fanda bo‘lmagan nom shu yerda ko‘rinadi.",
  "jobs.names_by": "{by}, {ago} · {n} ta kurs",
  "jobs.names_means": "Bu quyidagi fan",
  "jobs.names_choose": "Fanni tanlang",
  "jobs.names_merge": "Birlashtirish",
  "jobs.names_take": "Ro‘yxatga olish",
  "jobs.names_done": "Bajarildi",
};
