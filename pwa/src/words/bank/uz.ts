import type { en } from "./en.ts";

export const uz: Readonly<Record<keyof typeof en, string>> = {
  "bank.title": "Savollar banki",
};
