/** Turns word keys into numbers: `t("today.title")` becomes `t(12)`, and each language file an array without keys.
 *
 * English declares the keys and their order. A language that misses a word gets the English one.
 */

import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { en } from "../src/words/en.ts";

const KEYS = Object.keys(en);
const LANGUAGE_FILE = /\/src\/words\/(en|uz|ru|id)\.ts$/;
const CALL = /\b(t|tn)\(\s*"([a-z_]+(?:\.[a-z_0-9]+)+)"/g;
const NAMED = /\bword\("([a-z_]+(?:\.[a-z_0-9]+)+)"\)/g;

function numberOf(key: string, file: string): number {
  const index = KEYS.indexOf(key);
  if (index < 0) throw new Error(`${file} uses the word "${key}", which src/words/en.ts does not have`);
  return index;
}

export function numberedWords(): Plugin {
  return {
    name: "spark-words",
    enforce: "pre",
    async transform(code, id) {
      const language = LANGUAGE_FILE.exec(id)?.[1];
      if (language !== undefined) {
        const module = (await import(fileURLToPath(new URL(`../src/words/${language}.ts`, import.meta.url)))) as Record<
          string,
          Record<string, string>
        >;
        const words = module[language] ?? {};
        const list = KEYS.map((key) => words[key] ?? (en as Record<string, string>)[key]);
        return { code: `export const ${language} = ${JSON.stringify(list)};`, map: null };
      }
      if (!/\/(src|test)\/.*\.tsx?$/.test(id)) return undefined;
      const changed = code
        .replace(CALL, (_all, call: string, key: string) => `${call}(${numberOf(key, id)}`)
        .replace(NAMED, (_all, key: string) => `${numberOf(key, id)}`);
      return changed === code ? undefined : { code: changed, map: null };
    },
  };
}
