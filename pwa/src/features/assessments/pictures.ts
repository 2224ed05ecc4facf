/** Pictures inside a question's text (`![…]` with `(file:…)` behind it), and its formulas. `docs/reference/questions.md`. */

export const MARK = /!\[([^[\]\n]{0,200})\]\(file:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\)/g;

/** What was typed, marks and all → MathML; nothing where none can be made of it. */
export type Formulas = Readonly<Record<string, string>> | null | undefined;

export type Part = string | { readonly fileId: string; readonly alt: string } | { readonly mathml: string };

/** Words, pictures and formulas in turn, without the blanks around pictures. */
export function partsOf(text: string, formulas?: Formulas): readonly Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const mark of text.matchAll(MARK)) {
    parts.push(...drawnIn(text.slice(at, mark.index).trim(), formulas), { fileId: mark[2] ?? "", alt: mark[1] ?? "" });
    at = mark.index + mark[0].length;
  }
  parts.push(...drawnIn(at === 0 ? text : text.slice(at).trim(), formulas));
  return parts.filter((part) => part !== "");
}

/** What is a formula says the server: it has drawn it. */
function drawnIn(words: string, formulas: Formulas): readonly Part[] {
  const drawn = new Map(Object.entries(formulas ?? {}).filter(([typed, mathml]) => mathml && words.includes(typed)));
  if (drawn.size === 0) return [words];
  const any = [...drawn.keys()].map((typed) => typed.replace(/[^\w\s]/g, "\\$&")).join("|");
  return words
    .split(new RegExp(`(${any})`))
    .map((part, place) => (place % 2 ? { mathml: drawn.get(part) ?? "" } : part));
}

/** Nothing in it that could be read out: pictures of which nobody said what they show. */
export const isMute = (text: string): boolean =>
  partsOf(text).every((part) => typeof part !== "string" && "alt" in part && part.alt === "");

/** Whether a menu can say it. */
export const isWords = (text: string, formulas?: Formulas): boolean =>
  partsOf(text, formulas).every((part) => typeof part === "string");

/** The text for where a picture cannot stand: what it shows, in brackets. */
export const inWords = (text: string): string =>
  text.replace(MARK, (_mark, alt: string) => `[${alt === "" ? "…" : alt}]`);
