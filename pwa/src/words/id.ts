import type { Word } from "./index.ts";

export const id: Partial<Record<Word, string>> = {};
