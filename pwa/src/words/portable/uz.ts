import type { en } from "./en.ts";

export const uz: Readonly<Record<keyof typeof en, string>> = {
  "portable.title": "Kursni boshqa joyga olib oʻtish",
};
