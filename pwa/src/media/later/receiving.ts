/** Takes the bytes of one file as they come, and keeps them so that nothing has to come twice.
 *
 * A piece is at most 1 MiB and the only thing in memory. The hash of the whole grows with the pieces and is written down
 * after each, so that going on costs no reading of what is here.
 */

import type { IHasher } from "hash-wasm";
import { comeOf, openStore, PIECE_BYTES, pieceOf, piecesIn, SIZE_HEADER, smallOf, wholeOf } from "../pieces.ts";

const FLUSH_MS = 5_000; // What a killed browser loses of a piece, at most.

/** What phones keep and play. Anything else is never given a type: our own origin would run it. */
const TYPES =
  /^(image\/(avif|gif|jpeg|png|webp)|audio\/[\w.+-]+|video\/[\w.+-]+|text\/vtt|application\/pdf)(;[\w\s="',.+-]*)?$/i;

export interface Wanted {
  readonly sha256: string;
  readonly bytes: number; // As its row says. A body of another length is not that file.
}

/** The bytes are not those of the hash: nothing of them is kept. */
export class FileDamaged extends Error {}

interface Come {
  readonly digests: readonly string[]; // Of each whole piece, so that one that is lost can be brought alone.
  readonly state: string; // Of the hash after them, in hex; "": it is to be made anew.
}

export const safeType = (mime: string): string => (TYPES.test(mime) ? mime : "application/octet-stream");

export class Receiving {
  readonly #store: Cache;
  readonly #wanted: Wanted;
  readonly #piece: Uint8Array<ArrayBuffer>;
  readonly #hash: IHasher | null; // Null for a file of one piece.
  #digests: string[] = [];
  #filled = 0;
  #flushed = 0; // Of the piece that is being filled.
  #flushedAt = performance.now();

  private constructor(store: Cache, wanted: Wanted, hash: IHasher | null) {
    this.#store = store;
    this.#wanted = wanted;
    this.#hash = hash;
    this.#piece = new Uint8Array(Math.min(wanted.bytes, PIECE_BYTES));
  }

  /** Go on with what is here of the file. */
  static async resume(wanted: Wanted): Promise<Receiving> {
    const isSmall = wanted.bytes <= PIECE_BYTES;
    const hash = isSmall ? null : await (await import("./hashing.ts")).createSHA256();
    const receiving = new Receiving(await openStore(), wanted, hash);
    await receiving.#remember();
    return receiving;
  }

  get received(): number {
    return Math.min(this.#digests.length * PIECE_BYTES + this.#filled, this.#wanted.bytes); // The last piece is shorter.
  }

  /** Raises FileDamaged for more bytes than the file has, QuotaExceededError when the phone is full. */
  async take(bytes: Uint8Array): Promise<void> {
    if (this.received + bytes.byteLength > this.#wanted.bytes) await this.#refuse();
    for (let at = 0; at < bytes.byteLength; ) {
      const some = bytes.subarray(at, at + PIECE_BYTES - this.#filled);
      this.#piece.set(some, this.#filled);
      this.#filled += some.byteLength;
      at += some.byteLength;
      if (this.#filled === PIECE_BYTES && this.#hash) await this.#close();
    }
    if (performance.now() - this.#flushedAt > FLUSH_MS) await this.flush();
  }

  /** Keep what came of the piece that is being filled. */
  async flush(): Promise<void> {
    this.#flushedAt = performance.now();
    if (this.#filled === this.#flushed) return;
    await this.#put(this.#digests.length, this.#piece.subarray(0, this.#filled));
    this.#flushed = this.#filled;
  }

  /** All bytes are here: from now on the file is. Raises FileDamaged, after which nothing of it is left. */
  async finish(mime: string): Promise<void> {
    const { sha256, bytes } = this.#wanted;
    const type = safeType(mime);
    if (!this.#hash) {
      if ((await digestOf(this.#piece)) !== sha256) await this.#refuse();
      await this.#store.put(smallOf(sha256), new Response(this.#piece, { headers: { "content-type": type } }));
      await this.#forget([pieceOf(sha256, 0)]);
      return;
    }
    if (this.#filled > 0) await this.#close();
    if (this.#hash.digest("hex") !== sha256) await this.#refuse();
    const headers = { "content-type": type, [SIZE_HEADER]: String(bytes) };
    await this.#store.put(wholeOf(sha256), new Response(JSON.stringify(this.#digests), { headers }));
    await this.#forget([comeOf(sha256)]);
  }

  async #close(): Promise<void> {
    const body = this.#piece.subarray(0, this.#filled);
    await this.#put(this.#digests.length, body);
    this.#hash?.update(body);
    this.#digests.push(await digestOf(body));
    [this.#filled, this.#flushed, this.#flushedAt] = [0, 0, performance.now()];
    const come: Come = { digests: this.#digests, state: hexOf(this.#hash?.save() ?? new Uint8Array()) };
    await this.#store.put(comeOf(this.#wanted.sha256), new Response(JSON.stringify(come)));
  }

  /** Whole pieces that the note names are not read again; those after it are, and the last may be a part. */
  async #remember(): Promise<void> {
    const note = await this.#store.match(comeOf(this.#wanted.sha256));
    if (note && this.#hash) this.#digests = loadState(this.#hash, (await note.json()) as Come); // As #close wrote it.
    for (;;) {
      const found = await this.#store.match(pieceOf(this.#wanted.sha256, this.#digests.length));
      const blob = await found?.blob();
      if (!blob || blob.size === 0 || blob.size > this.#piece.byteLength) return;
      const bytes = new Uint8Array(await blob.arrayBuffer());
      if (bytes.byteLength < PIECE_BYTES || !this.#hash) {
        this.#piece.set(bytes);
        this.#filled = this.#flushed = Math.min(bytes.byteLength, this.#wanted.bytes - this.received);
        return;
      }
      this.#hash.update(bytes);
      this.#digests.push(await digestOf(bytes));
    }
  }

  #put(number: number, body: Uint8Array<ArrayBuffer>): Promise<void> {
    return this.#store.put(pieceOf(this.#wanted.sha256, number), new Response(body));
  }

  #forget(addresses: readonly string[]): Promise<unknown> {
    return Promise.all(addresses.map((address) => this.#store.delete(address)));
  }

  async #refuse(): Promise<never> {
    await deleteFile(this.#wanted.sha256, piecesIn(this.#wanted.bytes));
    throw new FileDamaged(this.#wanted.sha256);
  }
}

/** Every trace of a file. `pieces`: how many there may be, where that is known. */
export async function deleteFile(sha256: string, pieces?: number): Promise<void> {
  const store = await openStore();
  const whole = await store.match(wholeOf(sha256));
  const count = pieces ?? (whole ? piecesIn(Number(whole.headers.get(SIZE_HEADER))) : await countPieces(sha256));
  const numbers = Array.from({ length: count }, (_, number) => pieceOf(sha256, number));
  // The word `whole` first: a browser killed in between must not leave a file with holes.
  await store.delete(wholeOf(sha256));
  await Promise.all([smallOf(sha256), comeOf(sha256), ...numbers].map((address) => store.delete(address)));
}

async function countPieces(sha256: string): Promise<number> {
  const store = await openStore();
  let count = 0;
  while (await store.match(pieceOf(sha256, count))) count += 1;
  return count;
}

/** Pieces that were lost from a whole file, with the digest that each must have. */
export async function lostPieces(sha256: string): Promise<readonly (readonly [number: number, digest: string])[]> {
  const store = await openStore();
  const whole = await store.match(wholeOf(sha256));
  if (!whole) return [];
  const digests = (await whole.json()) as readonly string[]; // As `finish` wrote it.
  const here = await Promise.all(digests.map((_, number) => store.match(pieceOf(sha256, number))));
  return [...digests.entries()].filter(([number]) => !here[number]);
}

/** Raises FileDamaged: the piece is not taken, and the others stay. */
export async function mendPiece(
  sha256: string,
  [number, digest]: readonly [number, string],
  body: Blob,
): Promise<void> {
  const bytes = new Uint8Array(await body.arrayBuffer());
  if ((await digestOf(bytes)) !== digest) throw new FileDamaged(sha256);
  await (await openStore()).put(pieceOf(sha256, number), new Response(bytes));
}

function loadState(hash: IHasher, come: Come): string[] {
  try {
    hash.load(Uint8Array.from(come.state.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));
    return [...come.digests];
  } catch {
    hash.init(); // Of another version of the hash: made anew from the pieces.
    return [];
  }
}

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return hexOf(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
