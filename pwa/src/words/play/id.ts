import type { en } from "./en.ts";

export const id: Readonly<Record<keyof typeof en, string>> = {
  "play.newer": "Versi aplikasi yang lebih baru menampilkan ini.",
};
