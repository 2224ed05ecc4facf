/**
 * Mending one set in bytes proportional to what differs.
 *
 * Counts and XORs of the lines, by the last bytes of their ids, go up; what differs comes down as leaves: every line of a
 * prefix. A leaf that has ended is staged, and what is held under it and was not named is gone. Good data is never taken
 * away before its replacement is here; the next cut whose digests agree shows the whole.
 */

import { committed } from "./commit.js";
import { digestLine, digestText } from "./digest.js";
import type { LineIndexes } from "./indexes.js";
import { chunkLines, type RowLine, rowLine } from "./lines.js";
import { type Reply, send, type Wire } from "./request.js";
import { type Cover, NOTHING, type Pair, type PartName, pairKey, partKey, placeOf, type RowStore } from "./rows.js";
import { counted, emptyCover, type PageBase, Staging } from "./staging.js";
import { linesOf } from "./stream.js";
import { isLine, type Line, PROTOCOL, readLine, readOpening } from "./wire.js";

const SUMS_MAX = 3000; // A request: about 90 KB.
const PREFIXES_MAX = 256; // SPEC R6.
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const ROW = 0x5b;

export interface CompareErrand {
  readonly wire: Wire;
  readonly token: string | null;
  readonly device: string;
  readonly store: RowStore;
  readonly indexes: LineIndexes;
  readonly pair: Pair;
  readonly pageBytes: () => number;
  readonly abort: AbortController;
  readonly heard: () => void;
  readonly isWanted: () => boolean; // False: something more urgent came up; what ended is kept.
}

export interface Compared {
  readonly base: PageBase;
  /** Done: every prefix agrees or was replaced. Torn: the link died. Otherwise what the server or network said instead. */
  readonly outcome: Exclude<Reply, { kind: "lines" }> | { readonly kind: "done" | "torn" | "later" };
  readonly hasMoved: boolean; // At least one leaf came.
}

interface Held {
  readonly part: PartName;
  readonly id: string;
  readonly tail: string; // The id's bytes from its end, as hex.
  readonly digest: readonly [hi: number, lo: number];
}

/** Raises: Overtaken; QuotaExceededError, after which what ended before is kept. */
export async function compare(errand: CompareErrand, from: PageBase): Promise<Compared> {
  const comparison = await Comparison.begin(errand, from);
  return await comparison.run();
}

class Comparison {
  private frontier: readonly string[] = [""];
  private hasMoved = false;

  private constructor(
    private readonly errand: CompareErrand,
    private base: PageBase,
    private readonly held: Map<string, Held>,
  ) {}

  /** Count what is really here: chunks that do not open are taken out, so that the sums say what is missing. */
  static async begin(errand: CompareErrand, base: PageBase): Promise<Comparison> {
    const { store, pair } = errand;
    const { opened } = await store.read(({ parts }) =>
      parts.filter((part) => isIn(part, pair)).map((part) => ({ part, from: 0, staged: true })),
    );
    const held = new Map<string, Held>();
    const { broken: wasBroken, ...before } = base.covers.get(pairKey(pair)) ?? emptyCover(pair);
    let cover: Cover = { ...before, count: 0, hi: 0, lo: 0 };
    for (const { part, chunks } of opened) {
      const index = new Map<string, readonly [number, number] | null>();
      cover = { ...cover, ...counted(cover, index, chunks.flatMap(chunkLines)) };
      for (const [id, digest] of index) if (digest) keep(held, { part: placeOf(part), id, tail: tailOf(id), digest });
    }
    const removed = opened.flatMap(({ part, shut }) => shut.map((seq) => [...placeOf(part), seq] as const));
    const parts = opened
      .filter(({ part, chunks }) => chunks.length < part.chunks)
      .map(({ part, chunks }) => ({ ...part, chunks: chunks.length, gen: part.gen + 1 }));
    const isMistaken = wasBroken || digestText(cover) !== digestText(before);
    if (parts.length === 0 && !isMistaken) return new Comparison(errand, base, held);
    const change = { ...NOTHING, before: base.meta, after: base.meta, removed, parts, covers: [cover] };
    errand.indexes.forget(pair);
    return new Comparison(errand, await committed({ store, indexes: errand.indexes, base }, change), held);
  }

  async run(): Promise<Compared> {
    while (this.frontier.length > 0) {
      const reply = await this.ask();
      if (reply.kind !== "done") return this.ended(reply);
      if (this.frontier.length > 0 && !this.errand.isWanted()) return this.ended({ kind: "later" });
    }
    return this.ended({ kind: "done" });
  }

  private ended(outcome: Compared["outcome"]): Compared {
    return { base: this.base, outcome, hasMoved: this.hasMoved };
  }

  private async ask(): Promise<Compared["outcome"]> {
    const { errand } = this;
    const asked = this.sums();
    const [bucket, tier] = errand.pair;
    const body = JSON.stringify({
      protocol: PROTOCOL,
      device: errand.device,
      cursor: this.base.meta.cursor,
      bucket,
      tier,
      bytes: errand.pageBytes(),
      ask: [...asked].map(([prefix, sums]) => ({ prefix, sums })),
    });
    const reply = await send(errand.wire, body, errand.token, errand.abort, "/api/v1/sync/compare");
    if (reply.kind !== "lines") return reply;
    const leaves = new Leaves();
    try {
      await leaves.read(reply.body, errand.wire.stallMs, errand.heard);
    } catch (error) {
      if (error instanceof RangeError || error instanceof ReferenceError) throw error;
      // The link broke: the leaves that had ended stay.
    }
    if (!leaves.isOurs) return { kind: "foreign" };
    await this.take(leaves);
    if (leaves.differ === null) return { kind: "torn" };
    this.frontier = [...leaves.differ, ...this.frontier.filter((prefix) => !asked.has(prefix))];
    return { kind: "done" };
  }

  /** Our children of as many prefixes as one request carries. */
  private sums(): Map<string, Record<string, string>> {
    const all = new Map(this.frontier.map((prefix) => [prefix, new Map<string, Sum>()]));
    const lengths = new Set(this.frontier.map(({ length }) => length));
    for (const { tail, digest } of this.held.values()) {
      for (const length of lengths) {
        const children = all.get(tail.slice(0, length));
        if (children) add(children, tail.slice(length, length + 2), digest);
      }
    }
    const asked = new Map<string, Record<string, string>>();
    let size = 0;
    for (const [prefix, children] of all) {
      size += children.size + 1;
      if (asked.size > 0 && (size > SUMS_MAX || asked.size >= PREFIXES_MAX)) break;
      asked.set(prefix, Object.fromEntries([...children].map(([child, sum]) => [child, digestText(sum)])));
    }
    return asked;
  }

  private async take(leaves: Leaves): Promise<void> {
    if (leaves.ended.length === 0) return;
    const { store, indexes, pair } = this.errand;
    const staging = new Staging(this.base, indexes);
    for (const leaf of leaves.ended) await this.stage(staging, leaf);
    const { meta } = this.base;
    const { chunks, parts, next } = staging.chunks(meta.next);
    const change = {
      ...NOTHING,
      before: meta,
      after: { ...meta, next },
      chunks,
      parts,
      covers: staging.changedCovers(),
    };
    this.base = await committed({ store, indexes, base: this.base }, change);
    this.hasMoved = true;
    indexes.forget(pair); // A comparison may go through all of it: memory is for what is looked at.
  }

  private async stage(staging: Staging, { prefix, rows }: Leaf): Promise<void> {
    const [bucket, tier] = this.errand.pair;
    const named = new Set<string>();
    for (const [collection, lines] of rows) {
      const part: PartName = [bucket, tier, collection];
      for (const { id } of lines) named.add(heldKey(part, id));
      const news = lines.filter((line) => this.isNews(part, line));
      if (news.length > 0) await staging.keep(part, news);
      for (const line of news)
        keep(this.held, { part, id: line.id, tail: tailOf(line.id), digest: digestLine(line.bytes) });
    }
    for (const [key, { part, id, tail }] of [...this.held]) {
      if (!tail.startsWith(prefix) || named.has(key)) continue;
      await staging.keep(part, [{ id, gone: true, bytes: encoder.encode(JSON.stringify([0, id])) }]);
      this.held.delete(key);
    }
  }

  private isNews(part: PartName, line: RowLine): boolean {
    const digest = this.held.get(heldKey(part, line.id))?.digest;
    if (digest === undefined) return true;
    const [hi, lo] = digestLine(line.bytes);
    return digest[0] !== hi || digest[1] !== lo;
  }
}

interface Leaf {
  readonly prefix: string;
  readonly rows: ReadonlyMap<string, RowLine[]>; // By collection.
}

/** The answer as it comes: leaves that have ended, and which prefixes to descend into. */
class Leaves {
  isOurs = false;
  differ: string[] | null = null; // Null: the last line has not come.
  readonly ended: Leaf[] = [];
  private prefix: string | null = null;
  private rows = new Map<string, RowLine[]>();
  private collection: string | null = null;

  async read(body: ReadableStream<Uint8Array>, stallMs: number, heard: () => void): Promise<void> {
    for await (const lines of linesOf(body, stallMs)) {
      for (const bytes of lines) {
        if (bytes[0] === ROW) this.row(rowLine(bytes));
        else if (!this.said(readLine(decoder.decode(bytes)), heard)) return;
      }
    }
  }

  private row(line: RowLine | null): void {
    if (line === null || this.collection === null || this.prefix === null) return;
    const lines = this.rows.get(this.collection) ?? [];
    lines.push(line);
    this.rows.set(this.collection, lines);
  }

  /** False: there is nothing more to read. */
  private said(line: Line | null, heard: () => void): boolean {
    if (!this.isOurs) {
      this.isOurs = readOpening(line) !== null;
      if (this.isOurs) heard();
      return this.isOurs;
    }
    if (line === null) return true;
    if (typeof line.leaf === "string") [this.prefix, this.rows, this.collection] = [line.leaf, new Map(), null];
    if (typeof line.collection === "string") this.collection = line.collection;
    if (typeof line.end === "string" && line.end === this.prefix) {
      this.ended.push({ prefix: this.prefix, rows: this.rows });
      this.prefix = null;
    }
    if (Array.isArray(line.differ)) this.differ = line.differ.map(String);
    return this.differ === null && isLine(line);
  }
}

interface Sum {
  count: number;
  hi: number;
  lo: number;
}

function add(children: Map<string, Sum>, child: string, [hi, lo]: Held["digest"]): void {
  const sum = children.get(child) ?? { count: 0, hi: 0, lo: 0 };
  children.set(child, { count: sum.count + 1, hi: sum.hi ^ hi, lo: sum.lo ^ lo });
}

const keep = (into: Map<string, Held>, held: Held): void => void into.set(heldKey(held.part, held.id), held);

const heldKey = (part: PartName, id: string): string => `${partKey(part)}\n${id}`;

const isIn = (part: { readonly bucket: string; readonly tier: number }, [bucket, tier]: Pair): boolean =>
  part.bucket === bucket && part.tier === tier;

/** `…3f0a` → `0a3f…`: children of a prefix are one more byte towards the front of the id. */
export function tailOf(id: string): string {
  const hex = id.replaceAll("-", "");
  let tail = "";
  for (let at = hex.length; at > 0; at -= 2) tail += hex.slice(Math.max(0, at - 2), at);
  return tail;
}
