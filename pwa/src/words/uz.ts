import type { Word } from "./index.ts";

export const uz: Partial<Record<Word, string>> = {};
