/** One small database a name, one store in it. */

import { answerOf, committed, openDatabase } from "../sync/worker/db.js";

const STORE = "values";

export const readAll = <T>(name: string): Promise<T[]> =>
  within(name, "readonly", (store) => answerOf<T[]>(store.getAll()));

export const readOne = <T>(name: string, key: string): Promise<T | undefined> =>
  within(name, "readonly", (store) => answerOf<T | undefined>(store.get(key)));

export async function writeOne(name: string, key: string, value: unknown): Promise<void> {
  await within(name, "readwrite", (store) => answerOf(store.put(value, key)));
}

export async function removeOne(name: string, key: string): Promise<void> {
  await within(name, "readwrite", (store) => answerOf(store.delete(key)));
}

/** Opened and closed each time: a database that is open somewhere cannot be deleted. */
async function within<T>(
  name: string,
  mode: IDBTransactionMode,
  run: (store: IDBObjectStore) => Promise<T>,
): Promise<T> {
  const db = await openDatabase(indexedDB, name, (fresh) => fresh.createObjectStore(STORE));
  try {
    const tx = db.transaction(STORE, mode, { durability: "strict" });
    const end = committed(tx);
    const value = await run(tx.objectStore(STORE));
    await end;
    return value;
  } finally {
    db.close();
  }
}
