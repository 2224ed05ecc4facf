/** Half-written questions, on this phone alone until they are saved: sealed, beside the half-written lessons. */

import { storageKey } from "../../app/session.ts";
import { workName } from "../../sync/names.ts";
import { answerOf, committed, openDatabase } from "../../sync/worker/db.ts";
import { Damaged, openJson, type Sealed, sealJson } from "../../sync/worker/seal.ts";
import type { Working } from "./question.ts";

const STORE = "values";
const nameOf = (draftId: string) => `question:${draftId}`;
const placeOf = (userId: string, draftId: string) => ["work", userId, nameOf(draftId)];

export async function readWorking(userId: string, draftId: string): Promise<Working | undefined> {
  const key = storageKey();
  const sealed = await within(userId, "readonly", (store) => answerOf<Sealed | undefined>(store.get(nameOf(draftId))));
  if (sealed === undefined || !key) return undefined;
  try {
    return (await openJson(key, placeOf(userId, draftId), sealed)) as Working; // Written below alone.
  } catch (error) {
    if (error instanceof Damaged) return undefined; // Sealed with a key of before: it does not open any more.
    throw error;
  }
}

/** Rejects with QuotaExceededError on a full phone. */
export async function keepWorking(userId: string, draftId: string, working: Working): Promise<void> {
  const key = storageKey();
  if (!key) return; // Signed out meanwhile.
  const sealed = await sealJson(key, placeOf(userId, draftId), working); // Before the transaction: it would end meanwhile.
  await within(userId, "readwrite", (store) => answerOf(store.put(sealed, nameOf(draftId))));
}

export async function dropWorking(userId: string, draftId: string): Promise<void> {
  await within(userId, "readwrite", (store) => answerOf(store.delete(nameOf(draftId))));
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
