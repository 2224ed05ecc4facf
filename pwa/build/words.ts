/** Turns word keys into numbers: `t("today.title")` becomes `t(12)`, and each language file a list by number, without keys.
 *
 * English declares the keys and their order; each area counts on from a thousand of its own. A language that misses a
 * word gets the English one.
 */

import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { en } from "../src/words/en.ts";
import * as english from "../src/words/english.ts";

type Texts = Readonly<Record<string, string>>;

const AREA_SIZE = 1_000;
const AREAS = Object.keys(english).sort();
const LANGUAGE_FILE = /\/src\/words\/(?:(\w+)\/)?(en|uz|ru|id)\.ts$/;
const CALL = /\b(t|tn)\(\s*"([a-z_]+(?:\.[a-z_0-9]+)+)"/g;
const NAMED = /\bword\("([a-z_]+(?:\.[a-z_0-9]+)+)"\)/g;

/** The English words of an area, or those of every screen. */
function declared(area: string | undefined): Texts {
  if (area === undefined) return en;
  const texts = (english as Readonly<Record<string, Texts>>)[area];
  if (texts === undefined) throw new Error(`src/words/${area} is not named in src/words/english.ts`);
  return texts;
}

const firstOf = (area: string | undefined) => (area === undefined ? 0 : (AREAS.indexOf(area) + 1) * AREA_SIZE);

function numberOf(key: string, file: string): number {
  const name = key.slice(0, key.indexOf("."));
  const area = AREAS.includes(name) ? name : undefined;
  const index = Object.keys(declared(area)).indexOf(key);
  const home = area === undefined ? "en.ts" : `${area}/en.ts`;
  if (index < 0) throw new Error(`${file} uses the word "${key}", which src/words/${home} does not have`);
  return firstOf(area) + index;
}

export function numberedWords(): Plugin {
  return {
    name: "spark-words",
    enforce: "pre",
    async transform(code, id) {
      const [, area, language] = LANGUAGE_FILE.exec(id) ?? [];
      if (language !== undefined) {
        const path = area === undefined ? language : `${area}/${language}`;
        const module = (await import(fileURLToPath(new URL(`../src/words/${path}.ts`, import.meta.url)))) as Record<
          string,
          Texts
        >;
        const words = module[language] ?? {};
        const list = Object.entries(declared(area)).map(([key, text]) => words[key] ?? text);
        const first = firstOf(area);
        const numbered = area === undefined ? list : Object.fromEntries(list.map((text, at) => [first + at, text]));
        return { code: `export const ${language} = ${JSON.stringify(numbered)};`, map: null };
      }
      if (!/\/(src|test)\/.*\.tsx?$/.test(id)) return undefined;
      const changed = code
        .replace(CALL, (_all, call: string, key: string) => `${call}(${numberOf(key, id)}`)
        .replace(NAMED, (_all, key: string) => `${numberOf(key, id)}`);
      return changed === code ? undefined : { code: changed, map: null };
    },
  };
}
