import type { en } from "./en.ts";

export const id: Readonly<Record<keyof typeof en, string>> = {
  "packages.open": "Buka",
  "packages.go_on": "Lanjutkan",
  "packages.get": "Unduh",
  "packages.gone": "Paket ini sudah tidak ada di sini.",
  "packages.back": "Kembali ke pelajaran",
  "packages.damaged": "Paket tidak dapat dibuka. Hapus kursus dari ponsel ini lalu unduh lagi.",
  "packages.not_kept": "Kemajuan Anda tidak tersimpan: ponsel ini penuh.",
  "packages.opening": "Membuka…",
  "packages.close": "Selesai",
  "packages.contents": "Daftar isi",
  "packages.full": "Layar penuh",
  "packages.outside": "Paket ingin membuka {address}. Tautan ke luar paket tidak diikuti.",
  "packages.passed": "Lulus",
  "packages.completed": "Selesai",
  "packages.begun": "Dimulai",
  "packages.score": "Nilai {part}",
  "packages.learners": "{n} siswa",
  "packages.anew": "Mulai dari awal",
};
