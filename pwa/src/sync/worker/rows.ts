/**
 * The server's rows on this phone: sealed chunks, droppable as a whole.
 *
 *     chunks  [bucket, tier, collection, seq] → sealed lines, at most 64 of one page; a later line of an id wins
 *     parts   [bucket, tier, collection]      → how many chunks and lines, the newest seq, its generation
 *     covers  [bucket, tier]                  → filling or full, count and XOR over every stored line
 *     meta    "state"                         → cursor, head, settled, check list, fence: all that a page moves
 *             ["files", bucket, tier]         → the base files of a set that are still to be fetched
 *             "packed"                        → packs have brought rows, which lie in a database of their own
 *
 * Chunks with `seq` above `head` are staged: as durable as the cursor stored with them, not shown yet. A cut is one put of
 * head and cursor. Keys are plain: they show bucket names and sizes, never content.
 */

import { answerOf, Connection, committed, type Factory } from "./db.js";
import { Damaged, open, type Place, type Sealed, seal } from "./seal.js";

export interface Meta {
  readonly fence: number; // Of the leader that may write; an older one is too late.
  readonly device: string; // `settled` is this device's.
  readonly cursor: string | null;
  readonly final: boolean; // The cursor comes from a last line with `more:false`.
  readonly asked: readonly string[] | null; // The `want.buckets` that the stored cursor answers.
  readonly head: number;
  readonly next: number; // The seq of the next chunk.
  readonly settled: number;
  readonly cutAt: number | null;
  readonly check: readonly Pair[];
}

export type Pair = readonly [bucket: string, tier: number];

export interface Cover {
  readonly bucket: string;
  readonly tier: number;
  readonly state: "filling" | "full";
  readonly count: number;
  readonly hi: number;
  readonly lo: number;
  readonly rows: number; // As the scope said, like `bytes`.
  readonly bytes: number;
  readonly broken?: boolean; // Some of it does not open: its count says nothing until it is counted anew.
  readonly hidden?: boolean; // Comes as base files: shown when it is whole and agrees, not before.
}

export type BaseChunk = readonly [sha256: string, bytes: number, rows: number];

/** The list of a set's base files. */
export interface BaseFiles {
  readonly base: number; // The position that they were cut at.
  readonly path: string; // Ends in a slash; the name of a file follows.
  readonly chunks: readonly (BaseChunk | null)[]; // Null: not named yet.
  readonly had: readonly string[]; // Names of those that are stored.
}

export interface Part {
  readonly bucket: string;
  readonly tier: number;
  readonly collection: string;
  readonly chunks: number;
  readonly lines: number;
  readonly last: number; // Newest seq, staged included.
  readonly gen: number; // Changes when chunks below `last` were rewritten: what was read before is void.
}

export interface NewChunk {
  readonly part: PartName;
  readonly seq: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export type PartName = readonly [bucket: string, tier: number, collection: string];

/** All that one transaction changes. */
export interface RowsChange {
  readonly before: Meta; // Stored only if fence, device and cursor still are these.
  readonly after: Meta;
  readonly dropped: readonly Pair[];
  readonly dropAll: boolean;
  readonly chunks: readonly NewChunk[];
  readonly parts: readonly Part[];
  readonly covers: readonly Cover[];
  readonly removed: readonly (readonly [...PartName, seq: number])[]; // Chunks that do not open.
  readonly files: readonly (readonly [pair: Pair, list: BaseFiles | null])[]; // Null: none is to be fetched any more.
}

export const NOTHING = {
  dropped: [],
  dropAll: false,
  chunks: [],
  parts: [],
  covers: [],
  removed: [],
  files: [],
} as const satisfies Omit<RowsChange, "before" | "after">;

/** Somebody else has written meanwhile: a newer leader, or a newer page. What was to be stored is dropped. */
export class Overtaken extends Error {
  override readonly name = "Overtaken";
}

export const EMPTY_META: Meta = {
  fence: 0,
  device: "",
  cursor: null,
  final: false,
  asked: null,
  head: 0,
  next: 1,
  settled: 0,
  cutAt: null,
  check: [],
};

const STORES = ["meta", "covers", "parts", "chunks"];
const FILES = "files";
const PACKED = "packed";
const KEY_AFTER: IDBValidKey = []; // Arrays sort behind strings and numbers.

export class RowStore {
  private constructor(
    private readonly db: Connection,
    private readonly key: CryptoKey,
  ) {}

  static async open(factory: Factory, name: string, key: CryptoKey): Promise<RowStore> {
    const db = await Connection.open(factory, name, (fresh) => {
      fresh.createObjectStore("chunks");
      fresh.createObjectStore("meta");
      fresh.createObjectStore("parts", { keyPath: ["bucket", "tier", "collection"] });
      fresh.createObjectStore("covers", { keyPath: ["bucket", "tier"] });
    });
    return new RowStore(db, key);
  }

  close(): void {
    this.db.close();
  }

  /** Whether a pack ever brought rows beside these. */
  async hasPacks(): Promise<boolean> {
    return (await answerOf((await this.db.begin("meta")).objectStore("meta").get(PACKED))) !== undefined;
  }

  async notePacks(): Promise<void> {
    const tx = await this.db.begin("meta", "readwrite");
    tx.objectStore("meta").put(true, PACKED);
    await committed(tx);
  }

  /** One consistent look at everything but the chunks. */
  async state(): Promise<{ meta: Meta; covers: Cover[]; parts: Part[]; files: Map<string, BaseFiles> }> {
    const tx = await this.db.begin(["meta", "covers", "parts"]);
    const range = IDBKeyRange.bound([FILES], [FILES, KEY_AFTER]);
    const meta = tx.objectStore("meta");
    const [state, keys, lists] = await Promise.all([
      this.look(tx),
      answerOf(meta.getAllKeys(range)),
      answerOf<BaseFiles[]>(meta.getAll(range)),
    ]);
    // Keys are of our own making: ["files", bucket, tier].
    const entries = lists.map((list, i) => [(keys[i] as IDBValidKey[]).slice(1).join("\n"), list] as const);
    return { ...state, files: new Map(entries) };
  }

  /**
   * Read chunks of the partitions that `choose` names, in the same transaction as the state that it chooses from.
   *
   * `from` of a choice is the newest seq already known: later ones only are read, up to `head`, or all with `staged`.
   */
  async read(
    choose: (state: {
      meta: Meta;
      covers: Cover[];
      parts: Part[];
    }) => readonly { part: Part; from: number; staged?: boolean }[],
  ) {
    const tx = await this.db.begin(["meta", "covers", "parts", "chunks"]);
    const state = await this.look(tx);
    const wished = choose(state).filter(({ from, staged }) => staged || from < state.meta.head); // A key range may not be empty.
    const requests = wished.map(({ part, from, staged }) => {
      const isWhole = from === 0 && (staged || part.last <= state.meta.head);
      const place = placeOf(part);
      const range = IDBKeyRange.bound([...place, from], [...place, staged ? Infinity : state.meta.head], true);
      const store = tx.objectStore("chunks");
      return {
        part,
        isWhole,
        keys: answerOf(store.getAllKeys(range)),
        values: answerOf<Sealed[]>(store.getAll(range)),
      };
    });
    const found = await Promise.all(
      requests.map(async (one) => ({ ...one, keys: await one.keys, values: await one.values })),
    );
    const damaged: Pair[] = [];
    for (const { part, isWhole, keys } of found)
      if (isWhole && keys.length < part.chunks) damaged.push([part.bucket, part.tier]); // Some went missing.
    const opened = await Promise.all(found.map((one) => this.unseal(one.part, one.keys, one.values, damaged)));
    return { ...state, opened, damaged };
  }

  private async look(tx: IDBTransaction): Promise<{ meta: Meta; covers: Cover[]; parts: Part[] }> {
    const meta = answerOf<Meta | undefined>(tx.objectStore("meta").get("state"));
    const covers = answerOf<Cover[]>(tx.objectStore("covers").getAll());
    const parts = answerOf<Part[]>(tx.objectStore("parts").getAll());
    return { meta: (await meta) ?? EMPTY_META, covers: await covers, parts: await parts };
  }

  /** A chunk that does not open is left out and its set is named: the rest stays readable, the set is mended. */
  private async unseal(part: Part, keys: readonly IDBValidKey[], values: readonly Sealed[], damaged: Pair[]) {
    const seqs = keys.map((key) => (key as IDBValidKey[])[3] as number); // Keys are of our own making.
    const shut: number[] = [];
    const all = await Promise.all(
      values.map((value, i) =>
        open(this.key, keys[i] as unknown as Place, value).catch((error: unknown) => {
          if (!(error instanceof Damaged)) throw error;
          damaged.push([part.bucket, part.tier]);
          shut.push(seqs[i] ?? 0);
          return null;
        }),
      ),
    );
    return { part, seqs, shut, chunks: all.flatMap((chunk) => chunk ?? []) };
  }

  /**
   * Store a page, a cut, or anything else that moves the state: all of it or nothing.
   *
   * Raises: Overtaken; QuotaExceededError, after which nothing of it is stored.
   */
  async write(change: RowsChange): Promise<void> {
    const { before, after } = change;
    const sealed = await Promise.all(
      change.chunks.map(({ part, seq, bytes }) => seal(this.key, [...part, seq], bytes)),
    );
    const tx = await this.db.begin(STORES, "readwrite");
    const end = committed(tx);
    let isOvertaken = false;
    const current = tx.objectStore("meta").get("state");
    current.onsuccess = () => {
      const stored = (current.result as Meta | undefined) ?? EMPTY_META;
      isOvertaken = stored.fence !== before.fence || stored.device !== before.device || stored.cursor !== before.cursor;
      isOvertaken ||= stored.next !== before.next;
      if (isOvertaken) tx.abort();
      else this.put(tx, change, sealed, after);
    };
    await end.catch((error: unknown) => {
      throw isOvertaken ? new Overtaken("The store has moved on.") : error;
    });
  }

  private put(tx: IDBTransaction, change: RowsChange, sealed: readonly Sealed[], after: Meta): void {
    const [chunks, parts, covers] = [tx.objectStore("chunks"), tx.objectStore("parts"), tx.objectStore("covers")];
    const meta = tx.objectStore("meta");
    if (change.dropAll) for (const store of [chunks, parts, covers]) store.clear();
    if (change.dropAll) meta.delete(IDBKeyRange.bound([FILES], [FILES, KEY_AFTER]));
    for (const [bucket, tier] of change.dropped) {
      const range = IDBKeyRange.bound([bucket, tier], [bucket, tier, KEY_AFTER]);
      for (const store of [chunks, parts]) store.delete(range);
      covers.delete([bucket, tier]);
      meta.delete([FILES, bucket, tier]);
    }
    for (const key of change.removed) chunks.delete([...key]);
    change.chunks.forEach(({ part, seq }, i) => {
      chunks.put(sealed[i], [...part, seq]);
    });
    for (const part of change.parts) parts.put(part);
    for (const cover of change.covers) covers.put(cover);
    for (const [pair, list] of change.files) list ? meta.put(list, [FILES, ...pair]) : meta.delete([FILES, ...pair]);
    meta.put(after, "state");
  }

  /** Become the writer. Raises: Overtaken when a newer leader already is. */
  async lead(fence: number, device: string): Promise<Meta> {
    const tx = await this.db.begin("meta", "readwrite");
    const end = committed(tx);
    const store = tx.objectStore("meta");
    const stored = ((await answerOf(store.get("state"))) as Meta | undefined) ?? EMPTY_META;
    if (stored.fence > fence) throw new Overtaken("A newer leader writes.");
    const settled = stored.device === device ? stored.settled : 0;
    const after = { ...stored, fence, device, settled };
    store.put(after, "state");
    await end;
    return after;
  }

  /** Put the content of a partition into fewer chunks, at places they had before. Raises: Overtaken. */
  async rewrite(before: Meta, part: Part, old: readonly number[], chunks: readonly NewChunk[]): Promise<void> {
    const place = placeOf(part);
    const sealed = await Promise.all(chunks.map(({ seq, bytes }) => seal(this.key, [...place, seq], bytes)));
    const tx = await this.db.begin(STORES, "readwrite");
    const end = committed(tx);
    const stored = (await answerOf(tx.objectStore("meta").get("state"))) as Meta | undefined;
    if (stored?.fence !== before.fence || stored.next !== before.next) {
      tx.abort();
      await end.catch(() => undefined);
      throw new Overtaken("The store has moved on.");
    }
    const store = tx.objectStore("chunks");
    for (const seq of old) store.delete([...place, seq]);
    chunks.forEach(({ seq }, i) => {
      store.put(sealed[i], [...place, seq]);
    });
    tx.objectStore("parts").put(part);
    await end;
  }
}

export const placeOf = (part: Part): PartName => [part.bucket, part.tier, part.collection];

export const partKey = (part: PartName): string => part.join("\n");

export const pairKey = (pair: Pair): string => pair.join("\n");
