/** A wish: what a person did, from the tap until its effect is in the shown rows. As an op it is a string of bytes. */

import type { Fields, OpKind } from "../types.js";
import { type Receipt, SCHEMA } from "./wire.js";

export type At = readonly [ms: number, counter: number];

export interface BatchItem {
  readonly identity: string; // What the wish was called before it travelled with others.
  readonly id: string;
  readonly fields: Fields;
  readonly at: At;
  readonly short?: Fields | null;
}

export interface Wish {
  readonly identity: string; // Given when the wish is made, kept through every renumbering.
  readonly kind: OpKind;
  readonly name: string; // Collection or command.
  readonly id: string | null; // The record of a create or patch.
  readonly args: Fields; // Fields of a create or patch, arguments of a command.
  readonly items: readonly BatchItem[]; // Of a batch.
  readonly base: number | null; // Version of the record that the person saw.
  readonly at: At;
  readonly after: readonly string[];
  readonly group: string | null;
  readonly groupSize: number;
  readonly isMoreComing?: boolean; // When it was kept, another of its group stood in line behind it.
  readonly replaces: string | null;
  readonly title: string | null;
  readonly bucket: string | null;
  readonly short?: Fields | null; // Absent in what an older build stored.
  readonly blobs?: readonly string[]; // The same. Hashes of files that it needs.
  readonly again: boolean; // Renumbered: it may have been applied under another number.
  readonly n: number | null; // Given when it is first put into a request; with it the bytes.
  readonly text: string | null; // The op's bytes, always sent the same.
  readonly hash: string | null; // First 16 hex digits of SHA-256 over them.
  readonly receipt: Receipt | null;
  readonly refused: { readonly code: string; readonly message: string } | null; // The whole request was turned away for it.
}

export type Draft = Pick<Wish, "identity" | "kind" | "name" | "id" | "args"> & Partial<Wish>;

export function wishOf(draft: Draft, at: At): Wish {
  return {
    items: [],
    base: null,
    after: [],
    group: null,
    groupSize: 0,
    replaces: null,
    title: null,
    bucket: null,
    again: false,
    n: null,
    text: null,
    hash: null,
    receipt: null,
    refused: null,
    ...draft,
    at,
  };
}

/** Which creates of a collection travel together, in columns: fifty answers are one op of half a kilobyte. */
const BATCHED: Readonly<Record<string, BatchRule>> = {
  "assessments.answers": { same: "attempt_id", columns: ["item_id", "value"], short: ["item", "value"] },
};

interface BatchRule {
  readonly same: string;
  readonly columns: readonly string[];
  readonly short: readonly string[]; // The columns where each row has a short form.
}

const BATCH_ROWS_MAX = 500;

/** Give a wish its number and its bytes. */
export async function freeze(wish: Wish, n: number): Promise<Wish> {
  const text = JSON.stringify(opOf(wish, n));
  return { ...wish, n, text, hash: await hashOf(text) };
}

export async function hashOf(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function opOf(wish: Wish, n: number): Record<string, unknown> {
  const isCreate = wish.kind === "create";
  return {
    n,
    ...(isCreate && wish.identity === wish.id ? {} : { op: wish.identity }),
    schema: SCHEMA,
    kind: wish.kind,
    ...contentOf(wish),
    at: wish.at,
    ...(wish.group === null ? {} : { group: [wish.group, wish.groupSize] }),
    ...(wish.after.length === 0 ? {} : { after: wish.after }),
    ...(wish.replaces === null ? {} : { replaces: wish.replaces }),
    ...(wish.blobs?.length ? { blobs: wish.blobs } : {}),
    ...(wish.again ? { again: true } : {}),
  };
}

function contentOf(wish: Wish): Record<string, unknown> {
  switch (wish.kind) {
    case "create":
      return { collection: wish.name, id: wish.id, fields: wish.args };
    case "patch":
      return {
        collection: wish.name,
        id: wish.id,
        ...(wish.base === null ? {} : { base: wish.base }),
        fields: wish.args,
      };
    case "delete":
      return { collection: wish.name, id: wish.id, ...(wish.base === null ? {} : { base: wish.base }) };
    case "command":
      return { command: wish.name, args: wish.args };
    case "batch":
      return batchContent(wish);
    case "void":
      return {};
  }
}

function batchContent(wish: Wish): Record<string, unknown> {
  const rule = BATCHED[wish.name];
  const columns = rule?.columns ?? [];
  const isShort = wish.items.every(({ short }) => rule?.short.every((column) => short?.[column] !== undefined));
  const named = (isShort && rule?.short) || columns;
  const cells = (item: BatchItem) => named.map((column) => (isShort ? item.short : item.fields)?.[column] ?? null);
  return {
    collection: wish.name,
    same: rule ? { [rule.same]: wish.items[0]?.fields[rule.same] } : {},
    columns: [...named, "at"],
    rows: wish.items.map((item) => [...cells(item), tenths(item.at[0] - wish.at[0])]),
  };
}

/** Nobody answers two questions within a tenth of a second; three digits less a row are. */
const tenths = (ms: number): number => Math.floor(ms / 100) * 100;

/** What may share a batch with `wish`; null: it travels alone. */
export function batchKey(wish: Wish): string | null {
  const rule = BATCHED[wish.name];
  if (!rule || wish.kind !== "create" || wish.n !== null || wish.again || wish.group !== null) return null;
  if (wish.after.length > 0 || wish.replaces !== null || wish.blobs?.length) return null;
  const isShort = wish.short ? "short" : "long";
  const isPlain = Object.keys(wish.args).every((field) => field === rule.same || rule.columns.includes(field));
  return isPlain ? `${wish.name}\n${String(wish.args[rule.same])}\n${isShort}` : null;
}

/** One op out of many creates of one kind, in their order. */
export function batchOf(wishes: readonly Wish[], identity: string): Wish {
  const first = wishes[0];
  if (first === undefined) throw new RangeError("A batch has at least one row.");
  const items = wishes.slice(0, BATCH_ROWS_MAX).map(({ identity: was, id, args, at, short }) => ({
    identity: was,
    id: id ?? was,
    fields: args,
    at,
    short: short ?? null,
  }));
  const draft = { identity, kind: "batch" as const, name: first.name, id: null, args: {}, items };
  return wishOf({ ...draft, title: first.title, bucket: first.bucket }, first.at);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what we look for; no text column takes it.
const NOT_IN_TEXT = /\u0000|\p{Surrogate}/gu; // With `u`, only a surrogate without its partner matches.
const DEPTH_MAX = 30;

/** JSON that every decoder takes: no lone surrogate, no NUL, no undefined. Raises RangeError when nested too deep. */
export function wellFormed(value: unknown, depth = 0): unknown {
  if (depth > DEPTH_MAX) throw new RangeError(`A wish nests at most ${DEPTH_MAX} deep.`);
  if (typeof value === "string") return value.replace(NOT_IN_TEXT, "");
  if (Array.isArray(value)) return value.map((item) => wellFormed(item, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(
    entries.map(([name, item]) => [name.replace(NOT_IN_TEXT, ""), wellFormed(item, depth + 1)]),
  );
}
