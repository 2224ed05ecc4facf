/** Words on the screen. A language is one small file; the build turns its keys into numbers. */

import { batch, signal } from "@preact/signals";
import type { AreaWord } from "./areas.ts";
import type { en } from "./en.ts";

export type CoreWord = keyof typeof en; // On every screen: one file a language. All others are in areas.
export type Word = CoreWord | AreaWord;
export type Words = Readonly<Record<number, string>>; // By number: the build made it so of the declared object.
export type Language = "en" | "uz" | "ru" | "id";
export type Blanks = Readonly<Record<string, string | number>>;

export const LANGUAGES: Readonly<Record<Language, string>> = {
  en: "English",
  uz: "Oʻzbekcha",
  ru: "Русский",
  id: "Bahasa Indonesia",
};

const load: Record<Language, () => Promise<Words>> = {
  en: () => import("./en.ts").then((file) => file.en),
  uz: () => import("./uz.ts").then((file) => file.uz),
  ru: () => import("./ru.ts").then((file) => file.ru),
  id: () => import("./id.ts").then((file) => file.id),
};

const STORED = "spark-language";

export const language = signal<Language>("en");
const words = signal<Words>({});
const loads: ((wanted: Language) => Promise<Words>)[] = [(wanted) => load[wanted]()];
let asked: Language = "en";

/** The language of last time, else the phone's own if we speak it, else English. */
export function preferredLanguage(): Language {
  for (const tag of [localStorage.getItem(STORED) ?? "", ...navigator.languages]) {
    const name = tag.slice(0, 2).toLowerCase();
    if (name in LANGUAGES) return name as Language; // Checked on this line.
  }
  return "en";
}

export async function speak(wanted: Language): Promise<void> {
  asked = wanted;
  const lists = await Promise.all(loads.map((one) => one(wanted)));
  if (asked !== wanted) return; // Another language was chosen meanwhile.
  localStorage.setItem(STORED, wanted);
  document.documentElement.lang = wanted;
  batch(() => {
    words.value = Object.assign({}, ...lists);
    language.value = wanted;
  });
}

/** Further words, in each language from now on: `areas.ts`. */
export function alsoSay(more: (wanted: Language) => Promise<Words>): Promise<void> {
  loads.push(more);
  return speak(asked);
}

/** Only for naming a word outside a call: the build replaces the call by its number. */
export function word(key: Word): Word {
  return key;
}

/** The word in the language of now, its {blanks} filled. */
export function t(key: Word, blanks?: Blanks): string {
  return fill(words.value[key as unknown as number] ?? "", blanks); // Keys are numbers after the build.
}

/** The plural form for `n`, forms kept as `one|few|many|other` in the order of the language's own categories. */
export function tn(key: Word, n: number, blanks?: Blanks): string {
  const forms = t(key).split("|");
  const rules = new Intl.PluralRules(language.value);
  const category = rules.select(n);
  const order = ["zero", "one", "two", "few", "many", "other"].filter((name) =>
    rules.resolvedOptions().pluralCategories.includes(name as Intl.LDMLPluralRule),
  );
  const form = forms[Math.min(order.indexOf(category), forms.length - 1)] ?? "";
  return fill(form, { n: n.toLocaleString(language.value), ...blanks });
}

function fill(text: string, blanks?: Blanks): string {
  return blanks === undefined ? text : text.replace(/\{(\w+)\}/g, (_all, name: string) => String(blanks[name] ?? ""));
}
