import type { en } from "./en.ts";

export const id: Readonly<Record<keyof typeof en, string>> = {
  "jobs.title": "Yang gagal dikerjakan server",
  "jobs.lead":
    "Pekerjaan yang gagal sebanyak batas percobaan. Tidak ada yang hilang: coba lagi setelah penyebabnya teratasi.",
  "jobs.none": "Semua sudah selesai",
  "jobs.none_hint": "Pekerjaan yang dihentikan server akan muncul di sini.",
  "jobs.check": "Memeriksa berkas yang dikirim",
  "jobs.shrink": "Mengecilkan film atau rekaman",
  "jobs.import": "Memasukkan kursus",
  "jobs.gave_up": "Dihentikan {ago}, setelah {attempts} percobaan",
  "jobs.details": "Apa yang terjadi",
  "jobs.again": "Coba lagi",
  "jobs.trying": "Server akan mencoba lagi sebentar lagi.",
  "jobs.look": "Lihat lagi",
  "jobs.older": "Tampilkan yang lebih lama",
};
