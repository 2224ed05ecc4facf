/** Taking a file in: hashed and sealed in one read, so that it may be sent long after the page was closed. */

import { isQuotaError } from "../sync/worker/db.ts";
import { CHUNK_BYTES, type Store } from "./store.ts";
import type { AddOptions } from "./types.ts";

/** Hash a file, and keep its bytes if they fit. */
export async function takeIn(
  store: Store,
  id: string,
  file: File,
  onProgress?: AddOptions["onProgress"],
): Promise<{ sha256: string; isKept: boolean }> {
  const { newHasher } = await import("./hashing.ts"); // Only who sends needs the library.
  const hasher = await newHasher();
  let isKept = true;
  for (let at = 0; at < file.size; at += CHUNK_BYTES) {
    const bytes = new Uint8Array(await file.slice(at, at + CHUNK_BYTES).arrayBuffer());
    hasher.update(bytes);
    if (isKept) isKept = await keepChunk(store, id, at / CHUNK_BYTES, bytes);
    onProgress?.(Math.min(at + CHUNK_BYTES, file.size), file.size);
  }
  return { sha256: hasher.digest(), isKept };
}

/** False when there is no room: then nothing of the file is kept, and the page holds it. */
export async function keepChunk(store: Store, id: string, n: number, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  try {
    await store.putChunk(id, n, bytes);
    return true;
  } catch (error) {
    if (!isQuotaError(error)) throw error;
    await store.dropChunks(id);
    return false;
  }
}
