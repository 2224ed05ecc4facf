/** A partition that grew ragged, one chunk an increment, is put into few chunks again: reading it costs a third. */

import { chunkLines, chunkOf, type RowLine } from "./lines.js";
import { type NewChunk, Overtaken, type Part, pairKey, partKey, placeOf, type RowStore } from "./rows.js";
import { type PageBase, pairOf } from "./staging.js";

const CHUNKS_MAX = 16;
const CHUNK_LINES = 64;
const LINES_A_CHUNK_MIN = 32; // Below this average it is ragged.

/**
 * Compact the first ragged partition; null: none is. Only what is shown is touched: staged chunks may yet be refused, and
 * while base files are to come the lines that say what went are needed.
 */
export async function compactOne(store: RowStore, base: PageBase): Promise<PageBase | null> {
  const ragged = [...base.parts.values()].find(
    (part) => isRagged(part, base.meta.head) && !base.covers.get(pairKey(pairOf(part)))?.hidden,
  );
  if (ragged === undefined) return null;
  const { opened, damaged } = await store.read(({ parts }) =>
    parts.filter((part) => isSame(part, ragged)).map((part) => ({ part, from: 0 })),
  );
  const [found] = opened;
  if (found === undefined) throw new Overtaken("The partition is gone.");
  if (damaged.length > 0) return null; // It will be mended.
  const lines = liveLines(found.chunks);
  const chunks: NewChunk[] = [];
  for (let i = 0; i < lines.length; i += CHUNK_LINES) {
    const seq = found.seqs[chunks.length] ?? ragged.last; // Fewer than before: each finds an old place.
    chunks.push({ part: placeOf(ragged), seq, bytes: chunkOf(lines.slice(i, i + CHUNK_LINES)) });
  }
  const part = { ...ragged, chunks: chunks.length, lines: lines.length, gen: ragged.gen + 1 };
  await store.rewrite(base.meta, part, found.seqs, chunks);
  return { ...base, parts: new Map(base.parts).set(partKey(placeOf(part)), part) };
}

function isRagged(part: Part, head: number): boolean {
  return part.last <= head && part.chunks > CHUNKS_MAX && part.lines / part.chunks < LINES_A_CHUNK_MIN;
}

function liveLines(chunks: readonly Uint8Array<ArrayBuffer>[]): RowLine[] {
  const live = new Map<string, RowLine>();
  for (const line of chunks.flatMap(chunkLines)) {
    live.delete(line.id);
    if (!line.gone) live.set(line.id, line);
  }
  return [...live.values()];
}

const isSame = (a: Part, b: Part): boolean => partKey(placeOf(a)) === partKey(placeOf(b));
