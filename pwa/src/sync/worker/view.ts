/**
 * What the shown cut holds, for whoever watches: partitions read on demand, decoded once, kept while watched.
 *
 * All watchers are read in one transaction with the `head` they are read at, so that what is shown together is one cut.
 */

import type { Watch } from "../messages.js";
import type { Row } from "../types.js";
import { chunkLines, type StoredRow, storedRow, storedRows } from "./lines.js";
import type { LaidPart, Packed } from "./packed.js";
import { type Cover, type Meta, type Pair, type Part, pairKey, partKey, placeOf, type RowStore } from "./rows.js";
import { type HeldOp, heldOp } from "./standing.js";

interface Shelf {
  readonly rows: ReadonlyMap<string, StoredRow>;
  list: readonly Row[] | null; // Made again when the rows change.
}

interface Decoded extends Shelf {
  readonly gen: number;
  upTo: number;
  readonly rows: Map<string, StoredRow>;
}

export interface Look {
  readonly meta: Meta;
  readonly covers: readonly Cover[];
  readonly parts: readonly Part[];
  readonly changed: readonly (readonly [key: number, rows: readonly Row[]])[];
  readonly held: readonly HeldOp[];
  readonly damaged: readonly Pair[]; // Sets with a chunk that does not open.
}

interface Found {
  readonly gen: number;
  readonly upTo: number;
  readonly row: StoredRow | null | undefined; // Null: it went. Undefined: it was never here.
}

const HELD = "sync.ops";
const IDLE_PARTS_MAX = 12; // Decoded partitions kept without a watcher: going back to a screen is instant.

export class View {
  private readonly watches = new Map<number, Watch>();
  private readonly sent = new Map<number, unknown>(); // What a watcher was last given, by identity.
  private readonly decoded = new Map<string, Decoded>();
  private readonly found = new Map<string, Found>(); // By watcher and partition.
  packed: Packed | null = null; // Beneath all else.
  private laid: readonly LaidPart[] = [];

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
    for (const name of this.found.keys()) if (name.startsWith(`${key}\n`)) this.found.delete(name);
  }

  /** Read what is new under the current head, and say which watchers see something else now. */
  async look(): Promise<Look> {
    const state = await this.store.read(({ meta, covers, parts }) => this.unread(visible(parts, covers), meta.head));
    const read = { ...state, parts: visible(state.parts, state.covers) };
    const lists = new Set(this.needed(read.parts).map(nameOf));
    for (const { part, chunks } of read.opened) {
      if (lists.has(nameOf(part))) this.decode(part, chunks, read.meta.head);
      else this.search(part, chunks, read.meta.head);
    }
    this.forgetMissing(read.parts);
    const full = new Set(
      read.covers.filter(({ state }) => state === "full").map(({ bucket, tier }) => pairKey([bucket, tier])),
    );
    const { packed } = this;
    this.laid = packed ? await packed.shown(read.meta, read.covers) : [];
    const changed = [...this.watches.values()].flatMap((watch) => this.changeOf(watch, read.parts, full));
    const { meta, parts, damaged } = read;
    const covers = packed ? [...read.covers, ...packed.coversOf(this.laid, read.covers)] : read.covers;
    return { meta, covers, parts, changed, held: this.held(parts), damaged };
  }

  private unread(parts: readonly Part[], head: number): { part: Part; from: number }[] {
    const needed = this.needed(parts);
    const lists = needed.flatMap((part) => {
      const known = this.known(part);
      const isCurrent = known !== undefined && known.upTo >= Math.min(part.last, head);
      return isCurrent ? [] : [{ part, from: known?.upTo ?? 0 }];
    });
    const singles = parts
      .filter((part) => !needed.includes(part) && this.known(part) === undefined)
      .flatMap((part) => {
        const upTos = this.seekers(part).map(({ key }) => this.foundIn(key, part)?.upTo ?? 0);
        const from = Math.min(...upTos); // Of nobody: infinite, and nothing is read.
        return from < Math.min(part.last, head) ? [{ part, from }] : [];
      });
    return [...lists, ...singles];
  }

  /** The stored version of a row, for `base`; null if it is not held. */
  async versionOf(collection: string, id: string): Promise<number | null> {
    const { opened } = await this.store.read(({ parts }) =>
      parts.filter((part) => part.collection === collection).map((part) => ({ part, from: 0 })),
    );
    const rows = opened.map(({ chunks }) => lastLine(chunks, id));
    return rows.reduce<number | null>((newest, row) => (row ? Math.max(newest ?? 0, row.version) : newest), null);
  }

  /** Partitions that some list shows: they are decoded whole. */
  private needed(parts: readonly Part[]): Part[] {
    const lists = [...this.watches.values()].filter(({ id }) => id === null);
    return parts.filter((part) => {
      if (part.collection === HELD && part.bucket === `user:${this.userId}`) return true;
      // Decoded before and looked at again: keep it current rather than search beside it.
      const isKept = this.known(part) !== undefined && this.seekers(part).length > 0;
      return isKept || lists.some((watch) => isOf(part, watch));
    });
  }

  private seekers(part: Part): Watch[] {
    return [...this.watches.values()].filter((watch) => watch.id !== null && isOf(part, watch));
  }

  private foundIn(key: number, part: Part): Found | undefined {
    const found = this.found.get(`${key}\n${nameOf(part)}`);
    return found?.gen === part.gen ? found : undefined;
  }

  /** Of a partition of long texts one row is wanted: parse its line, not all of them. */
  private search(part: Part, chunks: readonly Uint8Array<ArrayBuffer>[], head: number): void {
    for (const { key, id } of this.seekers(part)) {
      const before = this.foundIn(key, part)?.row;
      const row = lastLine(chunks, id ?? "");
      this.found.set(`${key}\n${nameOf(part)}`, { gen: part.gen, upTo: head, row: row === undefined ? before : row });
    }
  }

  private known(part: Part): Decoded | undefined {
    const known = this.decoded.get(nameOf(part));
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
    const key = nameOf(part);
    this.decoded.delete(key);
    this.decoded.set(key, known);
  }

  private forgetMissing(parts: readonly Part[]): void {
    const held = new Map(parts.map((part) => [nameOf(part), part.gen]));
    const needed = new Set(this.needed(parts).map((part) => nameOf(part)));
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
    const laid = this.laid.filter((part) => isOf(part, watch));
    const value = watch.id === null ? this.listOf(ordered, laid) : this.rowOf(ordered, watch.key, watch.id, laid);
    const before = this.sent.get(watch.key);
    if (this.sent.has(watch.key) && isSame(before, value)) return [];
    this.sent.set(watch.key, value);
    return [[watch.key, value]];
  }

  private listOf(parts: readonly Part[], laid: readonly LaidPart[] = []): readonly Row[] {
    const decoded: Shelf[] = [...parts.flatMap((part) => this.known(part) ?? []), ...laid];
    const [only] = decoded;
    if (decoded.length === 1 && only) {
      only.list ??= [...only.rows.values()].map(({ row }) => row);
      return only.list;
    }
    const rows = new Map<string, Row>();
    for (const one of decoded) for (const [id, { row }] of one.rows) if (!rows.has(id)) rows.set(id, row);
    return [...rows.values()];
  }

  private rowOf(parts: readonly Part[], key: number, id: string, laid: readonly LaidPart[]): readonly Row[] {
    for (const part of parts) {
      const found = this.known(part)?.rows.get(id) ?? this.foundIn(key, part)?.row;
      if (found) return [found.row];
    }
    const found = laid.find(({ rows }) => rows.has(id))?.rows.get(id);
    return found ? [found.row] : [];
  }

  private held(parts: readonly Part[]): HeldOp[] {
    const own = parts.filter((part) => part.collection === HELD && part.bucket === `user:${this.userId}`);
    return this.listOf(own).flatMap((row) => heldOp(row) ?? []);
  }
}

/** A set that comes as base files is shown when it is whole. */
function visible(parts: readonly Part[], covers: readonly Cover[]): Part[] {
  const hidden = new Set(covers.filter((one) => one.hidden).map(({ bucket, tier }) => pairKey([bucket, tier])));
  return parts.filter(({ bucket, tier }) => !hidden.has(pairKey([bucket, tier])));
}

const nameOf = (part: Part): string => partKey(placeOf(part));

const isOf = (part: Pick<Part, "collection" | "bucket">, watch: Watch): boolean =>
  part.collection === watch.collection && (watch.bucket === null || part.bucket === watch.bucket);

/** The newest line of an id in these chunks; null if it went, undefined if none is here. */
function lastLine(chunks: readonly Uint8Array<ArrayBuffer>[], id: string): StoredRow | null | undefined {
  const line = chunks.flatMap(chunkLines).findLast((one) => one.id === id);
  return line === undefined ? undefined : line.gone ? null : storedRow(line);
}

/** Rows keep their identity until their line changes, so that equal lists are recognised without comparing content. */
function isSame(a: unknown, b: readonly Row[]): boolean {
  return Array.isArray(a) && a.length === b.length && b.every((row, i) => a[i] === row);
}
