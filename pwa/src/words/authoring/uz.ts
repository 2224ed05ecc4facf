import type { en } from "./en.ts";

export const uz: Readonly<Record<keyof typeof en, string>> = {
  "authoring.title": "Kursni tahrirlash",
};
