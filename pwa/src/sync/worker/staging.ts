/** Lines on their way into the store, whoever brought them: a page, a comparison, a base file. Counted as they are kept. */

import { type Digest, digestLine } from "./digest.js";
import type { LineIndex, LineIndexes } from "./indexes.js";
import { chunkOf, type RowLine } from "./lines.js";
import {
  type BaseFiles,
  type Cover,
  type Meta,
  type NewChunk,
  type Pair,
  type Part,
  type PartName,
  pairKey,
  partKey,
} from "./rows.js";

const CHUNK_LINES_MAX = 64;

/** What is stored, as the leader remembers it between two transactions. */
export interface PageBase {
  readonly meta: Meta;
  readonly covers: ReadonlyMap<string, Cover>;
  readonly parts: ReadonlyMap<string, Part>;
  readonly files: ReadonlyMap<string, BaseFiles>;
}

export class Staging {
  readonly covers: Map<string, Cover>;
  readonly parts: Map<string, Part>;
  private readonly changed = new Set<string>();
  private readonly fresh = new Map<string, { part: PartName; lines: RowLine[] }>();

  /** Without `base` it begins from nothing. */
  constructor(
    base: PageBase | null,
    private readonly indexes: LineIndexes,
  ) {
    this.covers = new Map(base?.covers);
    this.parts = new Map(base?.parts);
  }

  async keep(part: PartName, lines: readonly RowLine[]): Promise<void> {
    const [bucket, tier] = part;
    const key = partKey(part);
    const cover = this.covers.get(pairKey([bucket, tier])) ?? emptyCover([bucket, tier]);
    const index = await this.indexOf(part);
    this.setCover({ ...cover, ...counted(cover, index, lines) });
    const fresh = this.fresh.get(key) ?? { part, lines: [] };
    for (const line of lines) fresh.lines.push(line);
    this.fresh.set(key, fresh);
  }

  indexOf(part: PartName): Promise<LineIndex> {
    return this.indexes.of(part, this.parts.get(partKey(part)));
  }

  setCover(cover: Cover): void {
    const key = pairKey(pairOf(cover));
    this.covers.set(key, cover);
    this.changed.add(key);
  }

  drop(pair: Pair): void {
    const key = pairKey(pair);
    this.covers.delete(key);
    this.changed.delete(key);
    for (const [name, part] of this.parts) if (isIn(part, pair)) this.parts.delete(name);
    for (const [name, { part }] of this.fresh) if (part[0] === pair[0] && part[1] === pair[1]) this.fresh.delete(name);
    this.indexes.forget(pair);
  }

  /** Sets with lines above `head`, stored or still to be. */
  pairsAbove(head: number): Pair[] {
    const staged = [...this.parts.values()].filter((part) => part.last > head).map(pairOf);
    const fresh = [...this.fresh.values()].map(({ part }): Pair => [part[0], part[1]]);
    return [...staged, ...fresh].filter((pair) => this.covers.has(pairKey(pair)));
  }

  changedCovers(): Cover[] {
    return [...this.changed].flatMap((key) => this.covers.get(key) ?? []);
  }

  /** The kept lines as chunks from number `next` on. */
  chunks(next: number): { chunks: NewChunk[]; parts: Part[]; next: number } {
    const chunks: NewChunk[] = [];
    const parts: Part[] = [];
    for (const { part, lines } of this.fresh.values()) {
      const old = this.parts.get(partKey(part)) ?? emptyPart(part, next);
      const count = Math.ceil(lines.length / CHUNK_LINES_MAX);
      for (let i = 0; i < lines.length; i += CHUNK_LINES_MAX) {
        chunks.push({ part, seq: next++, bytes: chunkOf(lines.slice(i, i + CHUNK_LINES_MAX)) });
      }
      parts.push({ ...old, chunks: old.chunks + count, lines: old.lines + lines.length, last: next - 1 });
    }
    return { chunks, parts, next };
  }
}

export function emptyCover([bucket, tier]: Pair): Cover {
  return { bucket, tier, state: "filling", count: 0, hi: 0, lo: 0, rows: 0, bytes: 0 };
}

/** Later lines of an id replace earlier ones; what went is remembered, so that no base line brings it back. */
export function counted(before: Digest, index: LineIndex, lines: readonly RowLine[]): Digest {
  let { count, hi, lo } = before;
  for (const line of lines) {
    const old = index.get(line.id);
    if (old) {
      count -= 1;
      hi ^= old[0];
      lo ^= old[1];
    }
    const digest = line.gone ? null : digestLine(line.bytes);
    index.set(line.id, digest);
    if (digest === null) continue;
    count += 1;
    hi ^= digest[0];
    lo ^= digest[1];
  }
  return { count, hi, lo };
}

const isIn = (part: Part, pair: Pair): boolean => part.bucket === pair[0] && part.tier === pair[1];

export const pairOf = (one: { readonly bucket: string; readonly tier: number }): Pair => [one.bucket, one.tier];

const emptyPart = ([bucket, tier, collection]: PartName, gen: number): Part => ({
  bucket,
  tier,
  collection,
  chunks: 0,
  lines: 0,
  last: 0,
  gen,
});
