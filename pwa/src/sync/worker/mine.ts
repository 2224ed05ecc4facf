/**
 * What this person made on this phone: never evicted, never shown to another.
 *
 *     outbox   seq → sealed wish without a durable answer
 *     journal  seq → sealed wish with its answer, kept for a server that loses its last hour
 *     kv       "device" (id, numbers, fence) · "clock" · "wanted" · "proof" (that the key is the right one)
 *
 * Every tab writes wishes; the leader alone numbers, answers and moves them. Wishes are sealed outside of transactions, so
 * an edit names the revision it was made from and the whole transaction fails when another tab was faster.
 */

import { newId } from "../ids.js";
import { abortQuietly, answerOf, Connection, committed, type Factory, isQuotaError } from "./db.js";
import { Damaged, openJson, type Sealed, sealJson } from "./seal.js";
import type { Mark } from "./wire.js";
import type { At, Wish } from "./wish.js";

export interface Device {
  readonly id: string;
  readonly next: number; // The number of the next wish that is put into a request.
  readonly acked: Mark | null; // The server's watermark as last heard.
  readonly confirmed: Mark | null; // Up to here every answer is durable on this phone.
  readonly fence: number;
}

export interface Clock {
  readonly at: At; // The newest claim of this phone: the next is later, whatever the wall clock says.
  readonly offset: number; // Server minus phone, ms.
}

export type Shelf = "outbox" | "journal";

export interface Entry {
  readonly seq: number;
  readonly rev: number;
  readonly shelf: Shelf;
  readonly wish: Wish;
}

/** Put `wish` on `shelf`; with an entry it replaces that one, and a null wish takes it away. */
export interface Edit {
  readonly entry: Entry | null;
  readonly shelf: Shelf;
  readonly wish: Wish | null;
}

export interface Saving {
  readonly edits: readonly Edit[];
  readonly device?: Device;
  readonly was?: Device; // The leader's edits: refused unless this device id and our fence are the stored ones.
  readonly clock?: Clock;
  readonly wanted?: readonly string[];
}

interface Stored {
  seq?: number;
  readonly rev: number;
  readonly identity: string;
  readonly sealed: Sealed;
}

/** Another tab changed the same thing first, or leads now. Nothing was stored. */
export class Outrun extends Error {
  override readonly name = "Outrun";
}

const PROOF = ["proof"];
const SHELVES: readonly Shelf[] = ["outbox", "journal"];

export class Mine {
  readonly entries = new Map<number, Entry>();
  device: Device = { id: newId(), next: 1, acked: null, confirmed: null, fence: 0 };
  clock: Clock = { at: [0, 0], offset: 0 };
  wanted: readonly string[] = [];
  private reading: Promise<void> = Promise.resolve();
  private moment = 0; // Counts reads and saves, to tell which of two was later.
  private readonly savedAt = new Map<number | "state", number>();
  private leadFence = 0; // Ours, while we lead: what a newer leader stored must not pass for it.

  private constructor(
    private readonly db: Connection,
    private readonly key: CryptoKey,
    private readonly makeRoom: () => Promise<boolean>,
  ) {}

  /**
   * `makeRoom` is asked once when the disk is full; true: something was given up, so that writing may succeed now.
   *
   * Raises: Damaged when the store was sealed with another key.
   */
  static async open(factory: Factory, name: string, key: CryptoKey, makeRoom: () => Promise<boolean>): Promise<Mine> {
    const db = await Connection.open(factory, name, (fresh) => {
      fresh.createObjectStore("outbox", { keyPath: "seq", autoIncrement: true });
      fresh.createObjectStore("journal", { keyPath: "seq" });
      fresh.createObjectStore("kv");
    });
    const mine = new Mine(db, key, makeRoom);
    try {
      await mine.ensureDevice();
      await mine.reload();
    } catch (error) {
      db.close();
      throw error;
    }
    return mine;
  }

  close(): void {
    this.db.close();
  }

  /** In the order in which they were made. */
  list(shelf?: Shelf): Entry[] {
    const all = [...this.entries.values()].filter((entry) => shelf === undefined || entry.shelf === shelf);
    return all.sort((a, b) => a.seq - b.seq);
  }

  /**
   * Read again what other tabs may have changed: everything, or the wishes named.
   *
   * What was saved here while we read is newer than what we read, and stays.
   */
  reload(seqs?: readonly number[]): Promise<void> {
    // One after the other: an older read that ends later would bring the past back.
    this.reading = this.reading.then(
      () => this.read(seqs),
      () => this.read(seqs),
    );
    return this.reading;
  }

  private async read(seqs?: readonly number[]): Promise<void> {
    const since = ++this.moment;
    const tx = await this.db.begin([...SHELVES, "kv"]);
    const reads = SHELVES.map((shelf) => {
      const store = tx.objectStore(shelf);
      const found = seqs
        ? seqs.map((seq) => answerOf<Stored | undefined>(store.get(seq)))
        : [answerOf<Stored[]>(store.getAll())];
      return Promise.all(found).then((lists) => lists.flat().flatMap((stored) => stored ?? []));
    });
    const kv = tx.objectStore("kv");
    const states = Promise.all(["device", "clock", "wanted"].map((name) => answerOf(kv.get(name))));
    const [[outbox = [], journal = []], [device, clock, wanted]] = await Promise.all([Promise.all(reads), states]);
    const entries = await Promise.all([
      ...outbox.map((one) => this.unseal("outbox", one)),
      ...journal.map((one) => this.unseal("journal", one)),
    ]);
    const isOlder = (what: number | "state") => (this.savedAt.get(what) ?? 0) >= since;
    for (const seq of seqs ?? [...this.entries.keys()]) if (!isOlder(seq)) this.entries.delete(seq);
    for (const entry of entries) if (entry && !isOlder(entry.seq)) this.entries.set(entry.seq, entry);
    if (isOlder("state")) return;
    // Written by our own code only; all three are there once the store is open, but for `clock` and `wanted` at first.
    this.device = (device as Device | undefined) ?? this.device;
    this.clock = (clock as Clock | undefined) ?? this.clock;
    this.wanted = (wanted as string[] | undefined) ?? this.wanted;
  }

  /**
   * Make edits durable, all or none; then, and only then, they are seen here.
   *
   * Raises: Outrun; QuotaExceededError, after which nothing of it is stored.
   */
  async save(saving: Saving): Promise<number[]> {
    try {
      return await this.saveOnce(saving);
    } catch (error) {
      if (!isQuotaError(error) || !(await this.makeRoom())) throw error;
      return await this.saveOnce(saving);
    }
  }

  private async saveOnce(saving: Saving): Promise<number[]> {
    const prepared = await Promise.all(saving.edits.map((edit) => this.prepare(edit)));
    const tx = await this.db.begin([...SHELVES, "kv"], "readwrite", { durability: "strict" });
    const end = committed(tx);
    let isOutrun = false;
    const refuse = () => {
      isOutrun = true;
      abortQuietly(tx);
    };
    const check = this.checks(tx, saving);
    const put = check.then(({ isCurrent, clock }) => {
      if (!isCurrent) return refuse();
      for (const one of prepared) one.put(tx);
      this.putState(tx.objectStore("kv"), saving, clock);
    });
    put.catch(() => abortQuietly(tx)); // Half of it must not be committed.
    await Promise.all([put, end]).catch((error: unknown) => {
      throw isOutrun ? new Outrun("Another tab was faster.") : (tx.error ?? error);
    });
    return this.remember(saving, prepared);
  }

  private async prepare({ entry, shelf, wish }: Edit) {
    const rev = (entry?.rev ?? 0) + 1;
    const sealed = wish === null ? null : await sealJson(this.key, ["wish", wish.identity], wish);
    let request: IDBRequest<IDBValidKey> | null = null;
    const put = (tx: IDBTransaction) => {
      if (entry !== null && (sealed === null || entry.shelf !== shelf)) tx.objectStore(entry.shelf).delete(entry.seq);
      if (sealed === null || wish === null) return;
      const stored: Stored = { rev, identity: wish.identity, sealed };
      if (entry !== null) stored.seq = entry.seq;
      request = tx.objectStore(shelf).put(stored);
    };
    const entryAfter = (): Entry | null =>
      wish === null || request === null ? null : { seq: request.result as number, rev, shelf, wish };
    return { entry, put, entryAfter };
  }

  /** All reads are asked for before the first answer is awaited: the transaction must not fall asleep. */
  private async checks(tx: IDBTransaction, saving: Saving): Promise<{ isCurrent: boolean; clock: Clock | undefined }> {
    const kv = tx.objectStore("kv");
    const edited = saving.edits.flatMap(({ entry }) => entry ?? []);
    const revs = edited.map((entry) => answerOf<Stored | undefined>(tx.objectStore(entry.shelf).get(entry.seq)));
    const device = answerOf<Device | undefined>(kv.get("device"));
    const clock = answerOf<Clock | undefined>(kv.get("clock"));
    const [stored, deviceNow, clockNow] = await Promise.all([Promise.all(revs), device, clock]);
    const isUnchanged = stored.every((one, i) => one?.rev === edited[i]?.rev);
    const isOurs = !saving.was || (isSame(deviceNow, saving.was) && deviceNow?.fence === this.leadFence);
    // A new wish is later than every one before it, in whichever tab.
    const isLatest = saving.was || !saving.clock || !clockNow || isLater(saving.clock.at, clockNow.at);
    return { isCurrent: isUnchanged && isOurs && Boolean(isLatest), clock: clockNow };
  }

  private putState(kv: IDBObjectStore, { device, clock, wanted }: Saving, stored: Clock | undefined): void {
    if (device) kv.put(device, "device");
    if (clock) kv.put(stored ? laterClock(stored, clock) : clock, "clock");
    if (wanted) kv.put(wanted, "wanted");
  }

  private remember(
    saving: Saving,
    prepared: readonly { entry: Entry | null; entryAfter: () => Entry | null }[],
  ): number[] {
    this.moment += 1;
    const touched = prepared.flatMap(({ entry, entryAfter }) => {
      if (entry) this.entries.delete(entry.seq);
      const after = entryAfter();
      if (after) this.entries.set(after.seq, after);
      return after?.seq ?? entry?.seq ?? [];
    });
    for (const seq of touched) this.savedAt.set(seq, this.moment);
    if (saving.device || saving.clock || saving.wanted) this.savedAt.set("state", this.moment);
    this.device = saving.device ?? this.device;
    if (saving.clock) this.clock = laterClock(this.clock, saving.clock);
    this.wanted = saving.wanted ?? this.wanted;
    return touched;
  }

  /** The later of the wall clock, corrected by the server's, and what this phone claimed before. */
  nextAt(now: number): At {
    const wall = now + this.clock.offset;
    const [ms, counter] = this.clock.at;
    return wall > ms ? [wall, 0] : [ms, counter + 1];
  }

  /** A new leader's number: every older leader's transactions fail from here on. */
  async raiseFence(): Promise<number> {
    const tx = await this.db.begin("kv", "readwrite", { durability: "strict" });
    const end = committed(tx);
    const kv = tx.objectStore("kv");
    const stored = (await answerOf(kv.get("device"))) as Device; // `open` has put one.
    this.device = { ...stored, fence: stored.fence + 1 };
    kv.put(this.device, "device");
    await end;
    this.leadFence = this.device.fence;
    return this.leadFence;
  }

  /** A new store gets a device id and a proof of its key; of an old one the proof is tried. Raises Damaged. */
  private async ensureDevice(): Promise<void> {
    const proof = await sealJson(this.key, PROOF, true);
    const tx = await this.db.begin("kv", "readwrite");
    const end = committed(tx);
    const kv = tx.objectStore("kv");
    const stored = (await answerOf(kv.get("proof"))) as Sealed | undefined;
    if (stored === undefined) {
      kv.put(proof, "proof");
      kv.put(this.device, "device");
    }
    await end;
    await openJson(this.key, PROOF, stored ?? proof);
  }

  /** Null: damaged. It stays where it is; one wish that does not open must not keep the others from being sent. */
  private async unseal(shelf: Shelf, { seq, rev, identity, sealed }: Stored): Promise<Entry | null> {
    const known = this.entries.get(seq ?? 0);
    if (known?.rev === rev && known.shelf === shelf) return known; // Every edit raises `rev`: nothing else is in it.
    try {
      const wish = (await openJson(this.key, ["wish", identity], sealed)) as Wish; // Sealed by us, under this identity.
      return { seq: seq ?? 0, rev, shelf, wish };
    } catch (error) {
      if (error instanceof Damaged) return null;
      throw error;
    }
  }
}

/** The newest offset, and the later of the two claims: nothing goes back. */
const laterClock = (before: Clock, after: Clock): Clock => ({
  ...after,
  at: isLater(before.at, after.at) ? before.at : after.at,
});

const isSame = (a: Device | undefined, b: Device): boolean => JSON.stringify(a) === JSON.stringify(b);

export const isLater = (a: At, b: At): boolean => a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);
