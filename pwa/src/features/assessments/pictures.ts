/** Pictures inside a question's text: `![…]` with `(file:…)` behind it. `docs/reference/questions.md` says where they may stand. */

const MARK = /!\[([^[\]\n]{0,200})\]\(file:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\)/g;

export type Part = string | { readonly fileId: string; readonly alt: string };

/** Words and pictures in turn, without the blanks around pictures. */
export function partsOf(text: string): readonly Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const mark of text.matchAll(MARK)) {
    parts.push(text.slice(at, mark.index).trim(), { fileId: mark[2] ?? "", alt: mark[1] ?? "" });
    at = mark.index + mark[0].length;
  }
  return [...parts, at === 0 ? text : text.slice(at).trim()].filter((part) => part !== "");
}

/** Nothing in it that could be read out: pictures of which nobody said what they show. */
export const isMute = (text: string): boolean =>
  partsOf(text).every((part) => typeof part !== "string" && part.alt === "");

export const hasPictures = (text: string): boolean => text.search(MARK) >= 0;

/** The text for where a picture cannot stand: what it shows, in brackets. */
export const inWords = (text: string): string =>
  text.replace(MARK, (_mark, alt: string) => `[${alt === "" ? "…" : alt}]`);
