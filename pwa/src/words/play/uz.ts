import type { en } from "./en.ts";

export const uz: Readonly<Record<keyof typeof en, string>> = {
  "play.newer": "Buni ilovaning yangi versiyasi koʻrsatadi.",
};
