/** Pictures of a text while it is written: by signs in its field (`▣1`), each shown below it. Pure. */

import { MARK } from "../assessments/pictures.ts";

const SIGN = "▣";
const ALT_LENGTH_MAX = 200;

export interface Pictured {
  readonly fileId: string;
  readonly alt: string;
}

export const picturesIn = (text: string): readonly Pictured[] =>
  [...text.matchAll(MARK)].map(([, alt = "", fileId = ""]) => ({ fileId, alt }));

/** The text as its field shows it. */
export function shortened(text: string): string {
  let n = 0;
  return text.replace(MARK, () => `${SIGN}${++n}`);
}

/** What the field holds, with the pictures of `before` where their signs are; a sign that is no picture's is words. */
export function lengthened(words: string, before: string): string {
  const marks = before.match(MARK) ?? [];
  return words.replace(/▣(\d{1,2})/g, (sign, n: string) => marks[Number(n) - 1] ?? sign);
}

/** A picture put in at a place of the field, with a blank to what stands beside it. */
export function withPicture(text: string, at: number, fileId: string): string {
  const words = shortened(text);
  const [before, after] = [words.slice(0, at), words.slice(at)].map((part) => lengthened(part, text));
  const gap = (part = "", edge: RegExp) => (edge.test(part) ? " " : "");
  return `${before}${gap(before, /\S$/)}![](file:${fileId})${gap(after, /^\S/)}${after}`;
}

/** Marks of a formula around what is selected in the field. */
export function withFormula(text: string, from: number, to: number): string {
  const words = shortened(text);
  return lengthened(`${words.slice(0, from)}\\(${words.slice(from, to)}\\)${words.slice(to)}`, text);
}

export const described = (text: string, index: number, alt: string): string =>
  changed(text, index, ({ fileId }) => `![${alt.replace(/[[\]()\n]/g, " ").slice(0, ALT_LENGTH_MAX)}](file:${fileId})`);

export const withoutPicture = (text: string, index: number): string =>
  changed(text, index, () => "")
    .replace(/ {2,}/g, " ")
    .trim();

function changed(text: string, index: number, make: (picture: Pictured) => string): string {
  let at = -1;
  return text.replace(MARK, (mark, alt: string, fileId: string) => (++at === index ? make({ fileId, alt }) : mark));
}

/** Ids of all that a question shows. */
export const filesIn = (question: unknown): readonly string[] => [
  ...new Set(picturesIn(JSON.stringify(question)).map(({ fileId }) => fileId)),
];
