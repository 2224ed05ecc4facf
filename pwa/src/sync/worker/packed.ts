/**
 * Rows that came on a card: base files of sets, sealed, beneath everything that the server says.
 *
 *     packs   bucket            → which sets, of which chunks, made when, shown until when
 *     chunks  [bucket, sha256]  → sealed base file
 *
 * They serve twice. Where the server was not asked for a set yet, its rows are shown from here; one row of the server's
 * wins over all of them, and once it has answered for the set they are never shown again unless it is still on its way.
 * And when the set's list of files comes, its files are taken from here instead of from the network.
 */

import type { PackedRows, PackedSet, Row } from "../types.js";
import { answerOf, Connection, committed, type Factory } from "./db.js";
import { chunkLines, type StoredRow, storedRow } from "./lines.js";
import { type Cover, type Meta, pairKey } from "./rows.js";
import { Damaged, open, type Sealed, seal } from "./seal.js";
import { headingOf, sha256Of } from "./wire.js";

/** Rows of one collection of a set, as a decoded partition. */
export interface LaidPart {
  readonly bucket: string;
  readonly tier: number;
  readonly collection: string;
  readonly rows: ReadonlyMap<string, StoredRow>;
  list: readonly Row[] | null;
}

type Pack = Omit<PackedRows, "chunks">;

/** What was given as a pack's rows is not what its list says. Nothing of it is kept. */
export class PackDamaged extends Error {
  readonly code = "pack.damaged";
}

const ROW = 0x5b;
const decoder = new TextDecoder();

export class Packed {
  private packs: readonly Pack[] = [];
  private readonly decoded = new Map<string, readonly LaidPart[]>();

  private constructor(
    private readonly db: Connection,
    private readonly key: CryptoKey,
    private readonly now: () => number,
  ) {}

  static async open(factory: Factory, name: string, key: CryptoKey, now: () => number): Promise<Packed> {
    const db = await Connection.open(factory, name, (fresh) => {
      fresh.createObjectStore("packs");
      fresh.createObjectStore("chunks");
    });
    const packed = new Packed(db, key, now);
    await packed.reload();
    return packed;
  }

  async reload(): Promise<void> {
    this.packs = await answerOf<Pack[]>((await this.db.begin("packs")).objectStore("packs").getAll());
    this.decoded.clear();
  }

  close(): void {
    this.db.close();
  }

  /** Keep a pack's rows: all of them, or nothing. An older pack than the one that is here changes nothing. */
  async lay({ chunks, ...pack }: PackedRows): Promise<void> {
    const before = this.packs.find(({ bucket }) => bucket === pack.bucket);
    if (before && before.madeAt > pack.madeAt) return;
    const names = new Set(pack.sets.flatMap((set) => set.chunks.map(([sha256]) => sha256)));
    const had = new Set(before?.sets.flatMap((set) => set.chunks.map(([sha256]) => sha256)));
    try {
      for (const set of pack.sets)
        for (const [sha256, bytes] of set.chunks)
          if (!had.has(sha256)) await this.put(pack.bucket, sha256, await verified(chunks.get(sha256), sha256, bytes));
    } catch (error) {
      await this.remove(
        pack.bucket,
        [...names].filter((sha256) => !had.has(sha256)),
      );
      throw error;
    }
    const tx = await this.db.begin("packs", "readwrite");
    tx.objectStore("packs").put(pack, pack.bucket);
    await committed(tx);
    await this.remove(
      pack.bucket,
      [...had].filter((sha256) => !names.has(sha256)),
    );
    await this.reload();
  }

  /** Another's key sealed it, or it is damaged: then it is not here, and comes from the network. */
  async chunk(bucket: string, sha256: string): Promise<Uint8Array<ArrayBuffer> | null> {
    if (!this.packs.some((pack) => pack.bucket === bucket)) return null;
    const tx = await this.db.begin("chunks");
    const sealed = await answerOf<Sealed | undefined>(tx.objectStore("chunks").get([bucket, sha256]));
    if (!sealed) return null;
    return await open(this.key, [bucket, sha256], sealed).catch((error: unknown) => {
      if (error instanceof Damaged) return null;
      throw error;
    });
  }

  /** What may be shown now. A pack whose sets are all here from the server has done its work and goes. */
  async shown(meta: Meta, covers: readonly Cover[]): Promise<readonly LaidPart[]> {
    const byPair = new Map(covers.map((cover) => [pairKey([cover.bucket, cover.tier]), cover]));
    const isHere = ({ tier }: PackedSet, bucket: string) => isShown(byPair.get(pairKey([bucket, tier])));
    const parts: LaidPart[] = [];
    for (const pack of this.packs) {
      const { bucket } = pack;
      if (pack.sets.every((set) => isHere(set, bucket))) {
        await this.drop(bucket);
        continue;
      }
      const wasAsked = meta.asked?.includes(bucket) === true;
      for (const set of pack.sets) {
        const isComing = byPair.has(pairKey([bucket, set.tier])) || !wasAsked;
        if (this.now() < pack.shownUntil && isComing && !isHere(set, bucket))
          parts.push(...(await this.partsOf(bucket, set)));
      }
    }
    return parts;
  }

  /** The sets that are shown from here alone, as the engine says it of its own. */
  coversOf(parts: readonly LaidPart[], covers: readonly Cover[]): Cover[] {
    const known = new Set(covers.map(({ bucket, tier }) => pairKey([bucket, tier])));
    const laid = new Set(parts.map(({ bucket, tier }) => pairKey([bucket, tier])));
    return this.packs.flatMap(({ bucket, sets }) =>
      sets.flatMap(({ tier, chunks }) => {
        if (known.has(pairKey([bucket, tier])) || !laid.has(pairKey([bucket, tier]))) return [];
        const rows = chunks.reduce((sum, [, , count]) => sum + count, 0);
        const bytes = chunks.reduce((sum, [, size]) => sum + size, 0);
        return [{ bucket, tier, state: "full" as const, count: rows, hi: 0, lo: 0, rows, bytes }];
      }),
    );
  }

  async drop(bucket: string): Promise<void> {
    const pack = this.packs.find((one) => one.bucket === bucket);
    if (!pack) return;
    const tx = await this.db.begin("packs", "readwrite");
    tx.objectStore("packs").delete(bucket);
    await committed(tx);
    await this.remove(
      bucket,
      pack.sets.flatMap((set) => set.chunks.map(([sha256]) => sha256)),
    );
    await this.reload();
  }

  private async put(bucket: string, sha256: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const sealed = await seal(this.key, [bucket, sha256], bytes);
    const tx = await this.db.begin("chunks", "readwrite");
    tx.objectStore("chunks").put(sealed, [bucket, sha256]);
    await committed(tx);
  }

  private async remove(bucket: string, names: readonly string[]): Promise<void> {
    const tx = await this.db.begin("chunks", "readwrite");
    for (const sha256 of names) tx.objectStore("chunks").delete([bucket, sha256]);
    await committed(tx);
  }

  private async partsOf(bucket: string, set: PackedSet): Promise<readonly LaidPart[]> {
    const key = pairKey([bucket, set.tier]);
    const known = this.decoded.get(key);
    if (known) return known;
    const found = new Map<string, Map<string, StoredRow>>();
    for (const [sha256] of set.chunks) {
      const bytes = await this.chunk(bucket, sha256);
      if (bytes) decode(bytes, found);
    }
    const parts = [...found].map(([collection, rows]) => ({ bucket, tier: set.tier, collection, rows, list: null }));
    this.decoded.set(key, parts);
    return parts;
  }
}

const isShown = (cover: Cover | undefined): boolean => cover?.state === "full" && cover.hidden !== true;

/** Base files name the collection above its rows. */
function decode(bytes: Uint8Array<ArrayBuffer>, into: Map<string, Map<string, StoredRow>>): void {
  let rows: Map<string, StoredRow> | null = null;
  let from = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
    const line = bytes.subarray(from, end + 1);
    from = end + 1;
    if (line[0] !== ROW) {
      const collection = headingOf(decoder.decode(line));
      rows = collection === null ? null : (into.get(collection) ?? new Map());
      if (collection !== null && rows) into.set(collection, rows);
    } else for (const row of chunkLines(line)) if (!row.gone) rows?.set(row.id, storedRow(row));
  }
}

async function verified(blob: Blob | undefined, sha256: string, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  if (blob?.size !== bytes) throw new PackDamaged(sha256);
  const read = new Uint8Array(await blob.arrayBuffer());
  if ((await sha256Of(read)) !== sha256) throw new PackDamaged(sha256);
  return read;
}
