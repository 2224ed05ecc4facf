import type { Word } from "./index.ts";

export const ru: Partial<Record<Word, string>> = {};
