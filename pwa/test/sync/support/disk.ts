/** A disk that can be full: transactions that write are refused as a browser refuses them. */

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
