/**
 * What is half written: on this phone alone until it is saved, sealed with the person's key. It outlives the browser.
 *
 *     spark-work-{userId} / values / {name} → | iv | ciphertext | tag |
 */

import { workName } from "../sync/names.ts";
import { answerOf, committed, openDatabase } from "../sync/worker/db.ts";
import { Damaged, openJson, type Sealed, sealJson } from "../sync/worker/seal.ts";

const STORE = "values";
const placeOf = (userId: string, name: string) => ["work", userId, name];

/** One after the other: a screen that opens must find what the one before it is still keeping, or has just dropped. */
let last: Promise<unknown> = Promise.resolve();

function inTurn<T>(run: () => Promise<T>): Promise<T> {
  const mine = last.then(run, run);
  last = mine.catch(() => undefined); // Whoever asked hears of it; the next one's turn comes all the same.
  return mine;
}

/** What was kept under the name; nothing, too, where it was sealed with a key of before. Without one, no key is asked. */
export async function readHalfWritten(keyOf: () => CryptoKey, userId: string, name: string): Promise<unknown> {
  const sealed = await inTurn(() =>
    within(userId, "readonly", (store) => answerOf<Sealed | undefined>(store.get(name))),
  );
  if (sealed === undefined) return undefined;
  try {
    return await openJson(keyOf(), placeOf(userId, name), sealed);
  } catch (error) {
    if (error instanceof Damaged) return undefined; // It does not open any more.
    throw error;
  }
}

/** Rejects with QuotaExceededError on a full phone. */
export const keepHalfWritten = (key: CryptoKey, userId: string, name: string, value: unknown): Promise<void> =>
  inTurn(async () => {
    const sealed = await sealJson(key, placeOf(userId, name), value); // Before the transaction: it would end meanwhile.
    await within(userId, "readwrite", (store) => answerOf(store.put(sealed, name)));
  });

export const dropHalfWritten = (userId: string, name: string): Promise<void> =>
  inTurn(() => within(userId, "readwrite", (store) => answerOf(store.delete(name))));

export async function namesOfHalfWritten(userId: string): Promise<ReadonlySet<string>> {
  const keys = await inTurn(() => within(userId, "readonly", (store) => answerOf<IDBValidKey[]>(store.getAllKeys())));
  return new Set(keys.map(String));
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
