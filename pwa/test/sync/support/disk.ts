/** A disk that can be full: transactions that write are refused as a browser refuses them. */

import { IDBFactory } from "fake-indexeddb";
import { answerOf, committed } from "../../../src/sync/worker/db.js";
import { FDBObjectStore } from "./fake.js";

/** While the returned switch is on, every put into the databases whose name it accepts ends in QuotaExceededError. */
export function quota(isFull: (database: string) => boolean): () => void {
  const put = FDBObjectStore.prototype.put;
  FDBObjectStore.prototype.put = function (this: IDBObjectStore, ...args: [unknown, IDBValidKey?]) {
    const request = put.apply(this, args);
    if (isFull(this.transaction.db.name)) abortFor(this.transaction, "QuotaExceededError");
    return request;
  };
  return () => {
    FDBObjectStore.prototype.put = put;
  };
}

function abortFor(tx: IDBTransaction, name: string): void {
  // The fake's own way to end a transaction with an error: what a browser does when the disk refuses.
  const fake = tx as unknown as { _abort(name: string): void; _state: string };
  if (fake._state !== "finished") fake._abort(name);
}

/** Another disk with the same bytes: a phone's backup put back, or its image on a second phone. */
export async function copied(disk: IDBFactory): Promise<IDBFactory> {
  const copy = new IDBFactory();
  for (const { name = "", version = 1 } of await disk.databases()) {
    const from = await answerOf(disk.open(name));
    const names = [...from.objectStoreNames];
    if (names.length > 0) {
      const reading = from.transaction(names);
      const shapes = names.map((one) => {
        const { keyPath, autoIncrement } = reading.objectStore(one);
        return { one, keyPath, autoIncrement };
      });
      const opening = copy.open(name, version);
      opening.onupgradeneeded = () => {
        for (const { one, ...shape } of shapes) opening.result.createObjectStore(one, shape);
      };
      const to = await answerOf(opening);
      for (const one of names) await copyStore(from, to, one);
      to.close();
    }
    from.close();
  }
  return copy;
}

const GIVEN_MAX = 1000;

async function copyStore(from: IDBDatabase, to: IDBDatabase, name: string): Promise<void> {
  const source = from.transaction(name).objectStore(name);
  const [keys, values] = await Promise.all([answerOf(source.getAllKeys()), answerOf(source.getAll())]);
  const tx = to.transaction(name, "readwrite");
  const end = committed(tx);
  const store = tx.objectStore(name);
  values.forEach((value, i) => {
    store.keyPath === null ? store.put(value, keys[i]) : store.put(value);
  });
  if (store.autoIncrement) {
    store.put({ [String(store.keyPath)]: GIVEN_MAX }); // A copy remembers which numbers were given, too.
    store.delete(GIVEN_MAX);
  }
  await end;
}
