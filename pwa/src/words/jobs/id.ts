import type { en } from "./en.ts";

export const id: Readonly<Record<keyof typeof en, string>> = {
  "jobs.title": "Yang gagal dikerjakan server",
  "jobs.lead":
    "Pekerjaan yang gagal sebanyak batas percobaan. Tidak ada yang hilang: coba lagi setelah penyebabnya teratasi.",
  "jobs.none": "Semua sudah selesai",
  "jobs.none_hint": "Pekerjaan yang dihentikan server akan muncul di sini.",
  "jobs.find": "Mencari berkas yang hilang dari penyimpanan",
  "jobs.check": "Memeriksa berkas yang dikirim",
  "jobs.shrink": "Mengecilkan video atau rekaman",
  "jobs.import": "Memasukkan kursus",
  "jobs.gave_up": "Dihentikan {ago}, setelah {n} percobaan",
  "jobs.details": "Apa yang terjadi",
  "jobs.again": "Coba lagi",
  "jobs.trying": "Server akan mencoba lagi sebentar lagi.",
  "jobs.look": "Lihat lagi",
  "jobs.older": "Tampilkan yang lebih lama",
  "jobs.names": "Nama mata pelajaran",
  "jobs.names_lead":
    "Nama ini ditulis pendidik dan belum ada di daftar. Masukkan ke daftar, atau sebutkan mata pelajaran yang dimaksud: semua yang memakainya ikut pindah.",
  "jobs.names_none": "Tidak ada nama yang menunggu",
  "jobs.names_none_hint": "Nama yang belum dimiliki mata pelajaran mana pun akan muncul di sini.",
  "jobs.names_by": "{by}, {ago} · {n} kursus",
  "jobs.names_means": "Maksudnya",
  "jobs.names_choose": "Pilih mata pelajaran",
  "jobs.names_merge": "Gabungkan",
  "jobs.names_take": "Masukkan ke daftar",
  "jobs.names_done": "Selesai",
};
