/**
 * What the shown cut holds, for whoever watches: partitions read on demand, decoded once, kept while watched.
 *
 * All watchers are read in one transaction with the `head` they are read at, so that what is shown together is one cut.
 */

import type { Watch } from "../messages.js";
import type { Row } from "../types.js";
import { type StoredRow, storedRows } from "./lines.js";
import { type Cover, type Meta, type Part, pairKey, partKey, placeOf, type RowStore } from "./rows.js";
import { type HeldOp, heldOp } from "./standing.js";

interface Decoded {
  readonly gen: number;
  upTo: number;
  readonly rows: Map<string, StoredRow>;
  list: readonly Row[] | null; // Made again when the rows change.
}

export interface Look {
  readonly meta: Meta;
  readonly covers: readonly Cover[];
  readonly parts: readonly Part[];
  readonly changed: readonly (readonly [key: number, rows: readonly Row[]])[];
  readonly held: readonly HeldOp[];
}

const HELD = "sync.ops";
const IDLE_PARTS_MAX = 12; // Decoded partitions kept without a watcher: going back to a screen is instant.

export class View {
  private readonly watches = new Map<number, Watch>();
  private readonly sent = new Map<number, unknown>(); // What a watcher was last given, by identity.
  private readonly decoded = new Map<string, Decoded>();

  constructor(
    private readonly store: RowStore,
    private readonly userId: string,
  ) {}

  watch(watch: Watch): void {
    this.watches.set(watch.key, watch);
    this.sent.delete(watch.key);
  }

  unwatch(key: number): void {
    this.watches.delete(key);
    this.sent.delete(key);
  }

  /** Read what is new under the current head, and say which watchers see something else now. */
  async look(): Promise<Look> {
    const read = await this.store.read(({ meta, parts }) =>
      this.needed(parts).flatMap((part) => {
        const known = this.known(part);
        const isCurrent = known !== undefined && known.upTo >= Math.min(part.last, meta.head);
        return isCurrent ? [] : [{ part, from: known?.upTo ?? 0 }];
      }),
    );
    for (const { part, chunks } of read.opened) this.decode(part, chunks, read.meta.head);
    this.forgetMissing(read.parts);
    const full = new Set(
      read.covers.filter(({ state }) => state === "full").map(({ bucket, tier }) => pairKey([bucket, tier])),
    );
    const changed = [...this.watches.values()].flatMap((watch) => this.changeOf(watch, read.parts, full));
    return { meta: read.meta, covers: read.covers, parts: read.parts, changed, held: this.held(read.parts) };
  }

  /** The stored version of a row, for `base`; null if it is not held. */
  async versionOf(collection: string, id: string): Promise<number | null> {
    const { opened } = await this.store.read(({ parts }) =>
      parts
        .filter((part) => part.collection === collection && this.known(part) === undefined)
        .map((part) => ({ part, from: 0 })),
    );
    const found = [...this.decoded].flatMap(([key, one]) =>
      key.endsWith(`\n${collection}`) ? (one.rows.get(id)?.version ?? []) : [],
    );
    for (const { chunks } of opened)
      for (const chunk of chunks)
        for (const [rowId, row] of storedRows(chunk)) if (rowId === id && row) found.push(row.version);
    return found.length > 0 ? Math.max(...found) : null;
  }

  private needed(parts: readonly Part[]): Part[] {
    const collections = new Set([...this.watches.values()].map(({ collection }) => collection));
    const everywhere = new Set(
      [...this.watches.values()].filter(({ bucket }) => bucket === null).map(({ collection }) => collection),
    );
    const buckets = new Set([...this.watches.values()].map(({ collection, bucket }) => `${bucket}\n${collection}`));
    return parts.filter((part) => {
      if (part.collection === HELD && part.bucket === `user:${this.userId}`) return true;
      if (!collections.has(part.collection)) return false;
      return everywhere.has(part.collection) || buckets.has(`${part.bucket}\n${part.collection}`);
    });
  }

  private known(part: Part): Decoded | undefined {
    const known = this.decoded.get(partKey(placeOf(part)));
    return known?.gen === part.gen ? known : undefined;
  }

  private decode(part: Part, chunks: readonly Uint8Array[], head: number): void {
    const known = this.known(part) ?? { gen: part.gen, upTo: 0, rows: new Map<string, StoredRow>(), list: null };
    for (const chunk of chunks) {
      for (const [id, row] of storedRows(chunk)) {
        if (row) known.rows.set(id, row);
        else known.rows.delete(id);
      }
    }
    known.upTo = head;
    if (chunks.length > 0) known.list = null;
    const key = partKey(placeOf(part));
    this.decoded.delete(key);
    this.decoded.set(key, known);
  }

  private forgetMissing(parts: readonly Part[]): void {
    const held = new Map(parts.map((part) => [partKey(placeOf(part)), part.gen]));
    const needed = new Set(this.needed(parts).map((part) => partKey(placeOf(part))));
    const idle = [...this.decoded.keys()].filter((key) => !needed.has(key));
    const tooMany = new Set(idle.slice(0, Math.max(0, idle.length - IDLE_PARTS_MAX)));
    for (const [key, { gen }] of this.decoded) if (held.get(key) !== gen || tooMany.has(key)) this.decoded.delete(key);
  }

  private changeOf(watch: Watch, parts: readonly Part[], full: ReadonlySet<string>): [number, readonly Row[]][] {
    const mine = parts.filter(
      (part) => part.collection === watch.collection && (watch.bucket === null || part.bucket === watch.bucket),
    );
    // A record held by several buckets is shown from a filled one: a bucket being filled may be ahead of the cut.
    const ordered = mine.sort(
      (a, b) => Number(full.has(pairKey([b.bucket, b.tier]))) - Number(full.has(pairKey([a.bucket, a.tier]))),
    );
    const value = watch.id === null ? this.listOf(ordered) : this.rowOf(ordered, watch.id);
    const before = this.sent.get(watch.key);
    if (this.sent.has(watch.key) && isSame(before, value)) return [];
    this.sent.set(watch.key, value);
    return [[watch.key, value]];
  }

  private listOf(parts: readonly Part[]): readonly Row[] {
    const decoded = parts.flatMap((part) => this.known(part) ?? []);
    const [only] = decoded;
    if (decoded.length === 1 && only) {
      only.list ??= [...only.rows.values()].map(({ row }) => row);
      return only.list;
    }
    const rows = new Map<string, Row>();
    for (const one of decoded) for (const [id, { row }] of one.rows) if (!rows.has(id)) rows.set(id, row);
    return [...rows.values()];
  }

  private rowOf(parts: readonly Part[], id: string): readonly Row[] {
    for (const part of parts) {
      const found = this.known(part)?.rows.get(id);
      if (found) return [found.row];
    }
    return [];
  }

  private held(parts: readonly Part[]): HeldOp[] {
    const own = parts.filter((part) => part.collection === HELD && part.bucket === `user:${this.userId}`);
    return this.listOf(own).flatMap((row) => heldOp(row) ?? []);
  }
}

/** Rows keep their identity until their line changes, so that equal lists are recognised without comparing content. */
function isSame(a: unknown, b: readonly Row[]): boolean {
  return Array.isArray(a) && a.length === b.length && b.every((row, i) => a[i] === row);
}
