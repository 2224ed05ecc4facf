/**
 * Half-written lessons: on this phone alone until they are saved, sealed with the person's key. They outlive the browser.
 *
 *     spark-work-{userId} / values / {lessonId} → | iv | ciphertext of Work | tag |
 */

import { storageKey } from "../../app/session.ts";
import { workName } from "../../sync/names.ts";
import { answerOf, committed, openDatabase } from "../../sync/worker/db.ts";
import { Damaged, openJson, type Sealed, sealJson } from "../../sync/worker/seal.ts";
import type { Block } from "../catalog/blocks.ts";

export interface Work {
  readonly base: readonly Block[]; // What stood there when the writing began.
  readonly blocks: readonly Block[];
  readonly at: number;
  readonly settles: readonly string[]; // Wishes that were not accepted, and that these blocks take up again.
}

const STORE = "values";

/** One after the other: a screen that opens must find what the one before it is still keeping. */
let last: Promise<unknown> = Promise.resolve();

function inTurn<T>(run: () => Promise<T>): Promise<T> {
  const mine = last.then(run, run);
  last = mine.catch(() => undefined); // Whoever asked hears of it; the next one's turn comes all the same.
  return mine;
}

export const readWork = (userId: string, lessonId: string): Promise<Work | undefined> =>
  inTurn(() => read(userId, lessonId));

async function read(userId: string, lessonId: string): Promise<Work | undefined> {
  const sealed = await within(userId, "readonly", (store) => answerOf<Sealed | undefined>(store.get(lessonId)));
  if (sealed === undefined) return undefined;
  try {
    return (await openJson(keyOf(), placeOf(userId, lessonId), sealed)) as Work; // Written below alone.
  } catch (error) {
    if (error instanceof Damaged) return undefined; // Sealed with a key of before: it does not open any more.
    throw error;
  }
}

/** Rejects with QuotaExceededError on a full phone. */
export const keepWork = (userId: string, lessonId: string, work: Work): Promise<void> =>
  inTurn(() => keep(userId, lessonId, work));

async function keep(userId: string, lessonId: string, work: Work): Promise<void> {
  const sealed = await sealJson(keyOf(), placeOf(userId, lessonId), work); // Before the transaction: it would end meanwhile.
  await within(userId, "readwrite", (store) => answerOf(store.put(sealed, lessonId)));
}

export const dropWork = (userId: string, lessonId: string): Promise<void> =>
  inTurn(() => within(userId, "readwrite", (store) => answerOf(store.delete(lessonId))));

export const lessonsWithWork = (userId: string): Promise<ReadonlySet<string>> =>
  inTurn(async () => {
    const keys = await within(userId, "readonly", (store) => answerOf<IDBValidKey[]>(store.getAllKeys()));
    return new Set(keys.map(String));
  });

const placeOf = (userId: string, lessonId: string) => ["work", userId, lessonId];

function keyOf(): CryptoKey {
  const key = storageKey();
  if (!key) throw new Error("a lesson was written with no store open");
  return key;
}

/** Opened and closed each time: a database that is open somewhere cannot be deleted. */
async function within<T>(
  userId: string,
  mode: IDBTransactionMode,
  run: (store: IDBObjectStore) => Promise<T>,
): Promise<T> {
  const db = await openDatabase(indexedDB, workName(userId), (fresh) => fresh.createObjectStore(STORE));
  try {
    const tx = db.transaction(STORE, mode, { durability: mode === "readwrite" ? "strict" : "default" });
    const end = committed(tx);
    const value = await run(tx.objectStore(STORE));
    await end;
    return value;
  } finally {
    db.close();
  }
}
