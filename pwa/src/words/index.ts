/** Words on the screen. A language is one small file; the build turns its keys into numbers. */

import { signal } from "@preact/signals";
import type { en } from "./en.ts";

export type Word = keyof typeof en;
export type Language = "en" | "uz" | "ru" | "id";
export type Blanks = Readonly<Record<string, string | number>>;

export const LANGUAGES: Readonly<Record<Language, string>> = {
  en: "English",
  uz: "Oʻzbekcha",
  ru: "Русский",
  id: "Bahasa Indonesia",
};

const load: Record<Language, () => Promise<unknown>> = {
  en: () => import("./en.ts").then((file) => file.en),
  uz: () => import("./uz.ts").then((file) => file.uz),
  ru: () => import("./ru.ts").then((file) => file.ru),
  id: () => import("./id.ts").then((file) => file.id),
};

const STORED = "spark-language";

export const language = signal<Language>("en");
let words: readonly string[] = [];

/** The language of last time, else the phone's own if we speak it, else English. */
export function preferredLanguage(): Language {
  for (const tag of [localStorage.getItem(STORED) ?? "", ...navigator.languages]) {
    const name = tag.slice(0, 2).toLowerCase();
    if (name in LANGUAGES) return name as Language; // Checked on this line.
  }
  return "en";
}

export async function speak(wanted: Language): Promise<void> {
  words = (await load[wanted]()) as readonly string[]; // The build made an array of the declared object.
  localStorage.setItem(STORED, wanted);
  document.documentElement.lang = wanted;
  language.value = wanted;
}

/** Only for naming a word outside a call: the build replaces the call by its number. */
export function word(key: Word): Word {
  return key;
}

/** The word in the language of now, its {blanks} filled. */
export function t(key: Word, blanks?: Blanks): string {
  language.value; // Read, so that whoever shows a word is drawn again when the language changes.
  return fill(words[key as unknown as number] ?? "", blanks); // Keys are numbers after the build.
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
