import type { en } from "./en.ts";

export const id: Readonly<Record<keyof typeof en, string>> = {
  "library.title": "Perpustakaan",
};
