/** An attempt's paper: the same order on every phone and on the server. `docs/reference/paper.md` has the vectors. */

import type { Item } from "../../app/rows.ts";
import type { Formulas } from "./pictures.ts";

export interface Option {
  readonly id: string;
  readonly text: string;
  readonly side?: "left" | "right";
  readonly gap?: number; // Of a cloze: the gap whose menu offers it, from 1.
}

export interface ItemResult {
  readonly item_id: string;
  readonly correct: boolean;
  readonly points: number;
  readonly max: number;
  readonly chosen?: Value;
  readonly right?: Value; // Here only when answers are released.
  readonly explanation?: string;
  readonly feedback?: string;
  readonly formulas?: Formulas; // Of these two.
}

export interface Result {
  readonly points: number;
  readonly max: number;
  readonly correct_count: number;
  readonly items_count: number;
  readonly passed: boolean;
  readonly items: readonly ItemResult[];
}

export type Value = string | boolean | number | readonly string[] | Readonly<Record<string, string>> | null;

export function orderKey(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

export function layOutItems(
  items: readonly Item[],
  attempt: { id: string; assessment_id: string; revision: number },
): readonly Item[] {
  const key = (item: Item) => orderKey(`${attempt.id}:${attempt.assessment_id}:${attempt.revision}:${item.id}`);
  return sorted(
    items.filter((item) => item.assessment_id === attempt.assessment_id && item.revision === attempt.revision),
    key,
  );
}

export function layOutOptions(item: Item, attemptId: string): readonly Option[] {
  const key = (option: Option) => orderKey(`${attemptId}:${item.id}:${option.id}`);
  const options = readOptions(item);
  const of = (side: Option["side"]) =>
    sorted(
      options.filter((option) => option.side === side),
      key,
    );
  return [...of(undefined), ...of("left"), ...of("right")];
}

function sorted<T extends { id: string }>(things: readonly T[], key: (thing: T) => number): readonly T[] {
  const keyed = things.map((thing) => ({ thing, key: key(thing) }));
  return keyed.sort((a, b) => a.key - b.key || (a.thing.id < b.thing.id ? -1 : 1)).map(({ thing }) => thing);
}

export function readOptions(item: Item): readonly Option[] {
  const read: unknown = typeof item.options === "string" ? JSON.parse(item.options) : item.options;
  return Array.isArray(read) ? (read as Option[]) : []; // The server made them of its own declaration.
}

export function readResult(value: unknown): Result | null {
  const read: unknown = typeof value === "string" ? JSON.parse(value) : value;
  return typeof read === "object" && read !== null && "items" in read ? (read as Result) : null; // As above.
}

const GAP = /\[\[(\d{1,2})\]\]/g;

/** The numbers of a cloze's gaps, as its text has them. */
export const gapsOf = (item: Item): readonly string[] => [...String(item.prompt).matchAll(GAP)].map(([, n]) => n ?? "");

/** The question as it is shown: a cloze's gaps as lines with a number. */
export const promptOf = (item: Item): string =>
  item.kind === "cloze" ? String(item.prompt).replace(GAP, "____ ($1)") : String(item.prompt);

export function isAnswered(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}
