/** What was staged goes into the store, and the memory of the store follows it. */

import type { LineIndexes } from "./indexes.js";
import { type Part, pairKey, partKey, placeOf, type RowStore, type RowsChange } from "./rows.js";
import type { PageBase } from "./staging.js";

/** Store a change; null: there is none. Raises what `RowStore.write` raises; then the indexes are forgotten too. */
export async function committed(
  at: { readonly store: RowStore; readonly indexes: LineIndexes; readonly base: PageBase },
  change: RowsChange | null,
): Promise<PageBase> {
  if (change === null) return at.base;
  try {
    await at.store.write(change);
  } catch (error) {
    at.indexes.forgetAll(); // They already hold lines that were not stored.
    throw error;
  }
  at.indexes.trim();
  return baseAfter(at.base, change);
}

function baseAfter(base: PageBase, change: RowsChange): PageBase {
  const covers = new Map(change.dropAll ? [] : base.covers);
  const parts = new Map(change.dropAll ? [] : base.parts);
  const files = new Map(change.dropAll ? [] : base.files);
  for (const pair of change.dropped) {
    covers.delete(pairKey(pair));
    files.delete(pairKey(pair));
    for (const [key, part] of parts) if (part.bucket === pair[0] && part.tier === pair[1]) parts.delete(key);
  }
  for (const cover of change.covers) covers.set(pairKey([cover.bucket, cover.tier]), cover);
  for (const part of change.parts) parts.set(keyOf(part), part);
  for (const [pair, list] of change.files) list ? files.set(pairKey(pair), list) : files.delete(pairKey(pair));
  return { meta: change.after, covers, parts, files };
}

const keyOf = (part: Part): string => partKey(placeOf(part));
