/** Taking a file in: hashed and sealed in one read, so that it may be sent long after the page was closed. */

import { isQuotaError } from "../sync/worker/db.ts";
import { CHUNK_BYTES, type Store } from "./store.ts";
import type { AddOptions, Kept } from "./types.ts";

const SHOWN_BYTES = 67_108_864; // More is not unsealed to be looked at.

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

/** The bytes of a file that waits here or was sent of late; null: they are not here, or too many. */
export async function blobOf(
  store: Store,
  all: readonly Kept[],
  held: ReadonlyMap<string, File>,
  fileId: string,
): Promise<Blob | null> {
  const upload = all.find((one) => one.fileId === fileId);
  const file = upload && held.get(upload.id);
  if (file || !upload?.isKept || upload.bytes > SHOWN_BYTES) return file ?? null;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < upload.bytes; at += CHUNK_BYTES) {
    const bytes = await store.read(upload.id, at, Math.min(at + CHUNK_BYTES, upload.bytes));
    if (bytes === null) return null;
    parts.push(bytes);
  }
  return new Blob(parts, { type: upload.mime });
}
