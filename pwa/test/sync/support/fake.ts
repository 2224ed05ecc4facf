/** Parts of fake-indexeddb whose types it does not give out. */

import "fake-indexeddb/auto";

export const FDBObjectStore = globalThis.IDBObjectStore;
