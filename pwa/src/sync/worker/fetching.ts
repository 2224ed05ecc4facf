/**
 * Base files of shared sets: fetched by the name of their content, so that caches on the way may answer.
 *
 * Small tiers first, a few files at a time; each is checked, and stored in one transaction with what is left to fetch. A
 * base line is used only where its set holds nothing for that id, not even that it went. When the last one is here the set
 * goes on the check list, and is shown at the cut where it agrees.
 */

import { committed } from "./commit.js";
import type { LineIndexes } from "./indexes.js";
import { chunkLines } from "./lines.js";
import type { ListAsked, Wire } from "./request.js";
import { type BaseChunk, type BaseFiles, NOTHING, type Pair, pairKey, type RowStore } from "./rows.js";
import { type PageBase, Staging } from "./staging.js";
import { withinStall } from "./stream.js";
import { headingOf, sha256Of } from "./wire.js";

const ABSENT_MAX = 2; // Asked for again once; then the set is compared instead.
const TORN_MAX = 4; // In a row: the link is too thin for a whole file. Comparing gets on leaf by leaf.
const decoder = new TextDecoder();
const ROW = 0x5b;

export interface FetchErrand {
  readonly wire: Wire;
  readonly store: RowStore;
  readonly indexes: LineIndexes;
  readonly atOnce: number; // Files, each about 64 KiB.
  readonly abort: AbortController;
  readonly laid: Laid;
}

/** A base file that a pack has brought; null: none. */
export type Laid = (bucket: string, sha256: string) => Promise<Uint8Array<ArrayBuffer> | null>;

export type Fetched =
  | { readonly kind: "stored"; readonly base: PageBase; readonly bytes: number; readonly isDone: boolean }
  | { readonly kind: Missed }; // Absent: the list is wanted again.

type Missed = "absent" | "busy" | "offline";
type Lost = Missed | "torn"; // Torn: the link died in the middle of it.
type Got = { readonly chunk: BaseChunk; readonly lines: Uint8Array<ArrayBuffer>; readonly cost: number };

export class Fetching {
  private readonly lists = new Map<string, Pair>(); // Not to be had as it is: wanted again.
  private readonly absent = new Map<string, number>();
  private readonly torn = new Map<string, number>();
  private asked: readonly Pair[] = [];

  /** The lists, or the rest of them, that the next exchange asks for. */
  wanted(base: PageBase): ListAsked[] {
    const lists: (readonly [Pair, ListAsked])[] = [];
    for (const [key, { base: at, chunks }] of base.files) {
      const pair = asPair(key);
      const first = chunks.indexOf(null);
      if (this.lists.has(key)) lists.push([pair, pair]);
      else if (first >= 0) lists.push([pair, [...pair, at, first]]);
    }
    this.asked = lists.map(([pair]) => pair);
    return lists.map(([, asked]) => asked);
  }

  /** A whole answer came. What was asked for and was not named has no base any more. */
  answered(listed: ReadonlySet<string>): void {
    for (const pair of this.asked) {
      this.lists.delete(pairKey(pair));
      if (!listed.has(pairKey(pair))) this.absent.set(pairKey(pair), ABSENT_MAX);
    }
    this.asked = [];
  }

  /** The set to fetch of next; null: none. */
  next(base: PageBase): Pair | null {
    const due = [...base.files].filter(([key]) => !this.lists.has(key) && base.covers.has(key));
    const ready = due.filter(([key, list]) => left(list).length > 0 || !list.chunks.includes(null) || this.isLost(key));
    const sorted = ready.map(([key, list]) => ({ pair: asPair(key), bytes: weightOf(left(list)) }));
    return sorted.sort((a, b) => a.pair[1] - b.pair[1] || a.bytes - b.bytes)[0]?.pair ?? null;
  }

  private isLost(key: string): boolean {
    return (this.absent.get(key) ?? 0) >= ABSENT_MAX;
  }

  /** Fetch the next files of a set. Raises: Overtaken; QuotaExceededError, after which they are fetched again. */
  async fetch(errand: FetchErrand, base: PageBase, pair: Pair): Promise<Fetched> {
    const list = base.files.get(pairKey(pair));
    if (list === undefined) return { kind: "absent" };
    if (this.isLost(pairKey(pair))) return await this.giveUp(errand, base, pair);
    const chunks = left(list).slice(0, errand.atOnce);
    const got = await Promise.all(chunks.map((chunk) => fetchOne(errand, pair[0], list.path, chunk)));
    const here = got.flatMap((one) => (typeof one === "string" ? [] : [one]));
    if (here.length > 0 || chunks.length === 0) return await this.store(errand, base, pair, list, here);
    if (got.includes("torn") && count(this.torn, pair) >= TORN_MAX) return await this.giveUp(errand, base, pair);
    if (!got.includes("absent")) return { kind: got.includes("busy") ? "busy" : "offline" };
    if (count(this.absent, pair) >= ABSENT_MAX) return await this.giveUp(errand, base, pair);
    this.lists.set(pairKey(pair), pair);
    return { kind: "absent" };
  }

  private async store(
    errand: FetchErrand,
    base: PageBase,
    pair: Pair,
    list: BaseFiles,
    got: readonly Got[],
  ): Promise<Fetched> {
    const staging = new Staging(base, errand.indexes);
    for (const { lines } of got) await keepNew(staging, pair, lines);
    const after = { ...list, had: [...list.had, ...got.map(({ chunk }) => chunk[0])] };
    const isDone = left(after).length === 0 && !after.chunks.includes(null);
    const { meta } = base;
    const { chunks, parts, next } = staging.chunks(meta.next);
    const check = isDone ? withPair(meta.check, pair) : meta.check;
    const change = {
      ...NOTHING,
      before: meta,
      after: { ...meta, next, check },
      chunks,
      parts,
      covers: staging.changedCovers(),
      files: [[pair, isDone ? null : after] as const],
    };
    this.forget(pair);
    const { store, indexes } = errand;
    const bytes = got.reduce((sum, { cost }) => sum + cost, 0);
    return { kind: "stored", base: await committed({ store, indexes, base }, change), bytes, isDone };
  }

  /** Go on without the files: comparing finds what is missing. */
  private async giveUp({ store, indexes }: FetchErrand, base: PageBase, pair: Pair): Promise<Fetched> {
    const { meta } = base;
    const after = { ...meta, check: withPair(meta.check, pair) };
    const change = { ...NOTHING, before: meta, after, files: [[pair, null] as const] };
    this.forget(pair);
    return { kind: "stored", base: await committed({ store, indexes, base }, change), bytes: 0, isDone: true };
  }

  private forget(pair: Pair): void {
    this.absent.delete(pairKey(pair));
    this.torn.delete(pairKey(pair));
  }
}

function count(times: Map<string, number>, pair: Pair): number {
  const now = (times.get(pairKey(pair)) ?? 0) + 1;
  times.set(pairKey(pair), now);
  return now;
}

const weightOf = (chunks: readonly BaseChunk[]): number => chunks.reduce((sum, [, bytes]) => sum + bytes, 0);

const left = ({ chunks, had }: BaseFiles): BaseChunk[] => {
  const stored = new Set(had);
  return chunks.flatMap((chunk) => (chunk && !stored.has(chunk[0]) ? [chunk] : []));
};

/** Keep the lines of a base file whose id the set does not know. */
async function keepNew(staging: Staging, [bucket, tier]: Pair, file: Uint8Array<ArrayBuffer>): Promise<void> {
  const bytes = file.at(-1) === NEWLINE ? file : new Uint8Array([...file, NEWLINE]);
  let from = 0;
  let collection: string | null = null;
  while (from < bytes.length) {
    const end = bytes[from] === ROW ? endOfRows(bytes, from) : endOfLine(bytes, from);
    const some = bytes.subarray(from, end);
    if (some[0] !== ROW) collection = headingOf(decoder.decode(some));
    else if (collection !== null) {
      const index = await staging.indexOf([bucket, tier, collection]);
      const lines = chunkLines(some).filter(({ id }) => !index.has(id));
      if (lines.length > 0) await staging.keep([bucket, tier, collection], lines);
    }
    from = end;
  }
}

const NEWLINE = 10;

function endOfLine(bytes: Uint8Array, from: number): number {
  const end = bytes.indexOf(NEWLINE, from);
  return end < 0 ? bytes.length : end + 1;
}

function endOfRows(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] === ROW) at = endOfLine(bytes, at);
  return at;
}

async function fetchOne(errand: FetchErrand, bucket: string, path: string, chunk: BaseChunk): Promise<Got | Lost> {
  const { wire, abort, laid } = errand;
  const lines = await laid(bucket, chunk[0]); // Its bytes had this hash when they were laid, and a seal since.
  if (lines !== null) return { chunk, lines, cost: 0 };
  for (const cache of ["default", "reload"] as const) {
    const bytes = await bytesOf(wire, `${path}${chunk[0]}`, chunk[1], cache, abort.signal);
    if (typeof bytes === "string") return bytes;
    if (bytes !== null && (await sha256Of(bytes)) === chunk[0]) return { chunk, lines: bytes, cost: chunk[1] };
    // Wrong bytes: from a cache on the way, a proxy, a portal. Once more past all caches.
  }
  return "absent";
}

/** Null: these cannot be the bytes. Never raises for what a network does. */
async function bytesOf(
  wire: Wire,
  path: string,
  size: number,
  cache: RequestCache,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | Lost | null> {
  let hasBegun = false;
  try {
    const init: RequestInit = { cache, signal, credentials: "omit" };
    const response = await withinStall(wire.fetch(`${wire.baseUrl}${path}`, init), wire.stallMs);
    if (!response.ok || response.body === null) {
      void response.body?.cancel();
      return [403, 404, 410].includes(response.status) ? "absent" : "busy";
    }
    hasBegun = true;
    return await readAll(response.body, size, wire.stallMs);
  } catch {
    return hasBegun && !signal.aborted ? "torn" : "offline"; // What is here already stays.
  }
}

async function readAll(
  body: ReadableStream<Uint8Array>,
  size: number,
  stallMs: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const reader = body.getReader();
  const bytes = new Uint8Array(size);
  let at = 0;
  try {
    for (;;) {
      const { done, value } = await withinStall(reader.read(), stallMs);
      if (done) break;
      if (at + value.length > size) return null;
      bytes.set(value, at);
      at += value.length;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
  return at < size ? null : bytes;
}

const withPair = (check: readonly Pair[], pair: Pair): readonly Pair[] =>
  check.some((one) => pairKey(one) === pairKey(pair)) ? check : [...check, pair];

function asPair(key: string): Pair {
  const [bucket = "", tier = ""] = key.split("\n");
  return [bucket, Number(tier)];
}
