/**
 * Files that wait to be sent, sealed with the person's key like all that is theirs.
 *
 *     spark-uploads-{userId}    uploads {id}        what is known of each
 *                               chunks  [id, n]     its bytes, one mebibyte a chunk
 */

import { uploadsName } from "../sync/names.ts";
import { answerOf, Connection, committed, type Factory } from "../sync/worker/db.ts";
import { open, openJson, type Sealed, seal, sealJson } from "../sync/worker/seal.ts";
import type { Kept } from "./types.ts";

export const CHUNK_BYTES = 1_048_576;

const bytesOf = (id: string): IDBKeyRange => IDBKeyRange.bound([id, 0], [id, Number.MAX_SAFE_INTEGER]);

export class Store {
  private constructor(
    private readonly db: Connection,
    private readonly key: CryptoKey,
  ) {}

  static async open(factory: Factory, userId: string, key: CryptoKey): Promise<Store> {
    const db = await Connection.open(factory, uploadsName(userId), (fresh) => {
      fresh.createObjectStore("uploads");
      fresh.createObjectStore("chunks");
    });
    return new Store(db, key);
  }

  /** All that this key opens; what another key of the same person sealed stays as it is. */
  async all(): Promise<Kept[]> {
    const tx = await this.db.begin("uploads");
    const store = tx.objectStore("uploads");
    const [ids, sealed] = await Promise.all([
      answerOf(store.getAllKeys()) as Promise<string[]>,
      answerOf<Sealed[]>(store.getAll()),
    ]);
    const opened = await Promise.all(
      ids.map((id, i) => openJson(this.key, ["uploads", id], sealed[i] ?? new Uint8Array()).catch(() => null)),
    );
    return opened.filter((kept) => kept !== null) as Kept[]; // Written by `put` alone.
  }

  async put(kept: Kept): Promise<void> {
    const sealed = await sealJson(this.key, ["uploads", kept.id], kept);
    const tx = await this.db.begin("uploads", "readwrite", { durability: "strict" });
    tx.objectStore("uploads").put(sealed, kept.id);
    await committed(tx);
  }

  /** One chunk of a file. Rejects with QuotaExceededError when there is no room. */
  async putChunk(id: string, n: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const sealed = await seal(this.key, ["chunks", id, n], bytes);
    const tx = await this.db.begin("chunks", "readwrite");
    tx.objectStore("chunks").put(sealed, [id, n]);
    await committed(tx);
  }

  /** Bytes from `start` to `end`, which begins at a chunk. Null when a chunk is gone, or does not open. */
  async read(id: string, start: number, end: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const bytes = new Uint8Array(end - start);
    for (let at = start; at < end; at += CHUNK_BYTES) {
      const n = at / CHUNK_BYTES;
      const tx = await this.db.begin("chunks");
      const sealed = await answerOf<Sealed | undefined>(tx.objectStore("chunks").get([id, n]));
      const plain = sealed && (await open(this.key, ["chunks", id, n], sealed).catch(() => null));
      if (!plain) return null;
      bytes.set(plain.subarray(0, end - at), at - start);
    }
    return bytes;
  }

  async dropChunks(id: string): Promise<void> {
    const tx = await this.db.begin("chunks", "readwrite");
    tx.objectStore("chunks").delete(bytesOf(id));
    await committed(tx);
  }

  async drop(id: string): Promise<void> {
    const tx = await this.db.begin(["uploads", "chunks"], "readwrite", { durability: "strict" });
    tx.objectStore("uploads").delete(id);
    tx.objectStore("chunks").delete(bytesOf(id));
    await committed(tx);
  }

  /** Chunks of no upload: the app was closed while a file was being kept. */
  async dropStrays(known: ReadonlySet<string>): Promise<void> {
    const tx = await this.db.begin(["uploads", "chunks"]);
    const [keys, ids] = await Promise.all([
      answerOf(tx.objectStore("chunks").getAllKeys()) as Promise<[string, number][]>,
      answerOf(tx.objectStore("uploads").getAllKeys()) as Promise<string[]>,
    ]);
    const strays = new Set(keys.map(([id]) => id).filter((id) => !known.has(id) && !ids.includes(id)));
    for (const id of strays) await this.dropChunks(id);
  }

  close(): void {
    this.db.close();
  }
}
