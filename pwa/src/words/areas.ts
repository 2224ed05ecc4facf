/** Fetches the words of an area. Screens name theirs in their route; a part within a screen calls `learn`. */

import type * as english from "./english.ts";
import { alsoSay, type Language, language, type Words } from "./index.ts";

export type Area = keyof typeof english;
export type AreaWord = { [A in Area]: keyof (typeof english)[A] }[Area];

const files = import.meta.glob<Record<string, Words>>("./*/*.ts");
const learned = new Map<Area, Promise<void>>();

async function open(area: Area, wanted: Language): Promise<Words> {
  const file = await files[`./${area}/${wanted}.ts`]?.();
  return file?.[wanted] ?? {};
}

/** From now on its words are there, in each language that is spoken. Twice is once. Rejects when they cannot be fetched. */
export function learn(area: Area): Promise<void> {
  const learning = learned.get(area) ?? begin(area);
  learned.set(area, learning);
  learning.catch(() => learned.delete(area)); // The next screen tries again.
  return learning;
}

async function begin(area: Area): Promise<void> {
  let words = await open(area, language.peek());
  await alsoSay(async (wanted) => {
    words = await open(area, wanted).catch(() => words); // Not on this phone in that language: as before.
    return words;
  });
}
