import type { en } from "./en.ts";

export const id: Readonly<Record<keyof typeof en, string>> = {
  "portable.title": "Bawa kursus ke tempat lain",
};
