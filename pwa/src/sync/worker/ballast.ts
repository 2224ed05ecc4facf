/**
 * Four megabytes that nobody needs, so that a full disk never costs a learner's work: deleting a file frees its space at
 * once, deleting rows of IndexedDB does not.
 */

import type { Ballast } from "./env.js";

const NAME = "spark-ballast";
const BYTES = 4 * 1024 * 1024;

export function opfsBallast(): Ballast {
  return {
    async lay() {
      const root = await navigator.storage.getDirectory();
      const file = await root.getFileHandle(NAME, { create: true });
      if ((await file.getFile()).size >= BYTES) return;
      const handle = await file.createSyncAccessHandle();
      try {
        handle.write(new Uint8Array(BYTES), { at: 0 });
        handle.flush();
        handle.close();
      } catch (error) {
        handle.close();
        await root.removeEntry(NAME); // An empty file would pass for a reserve.
        throw error;
      }
    },
    async giveUp() {
      try {
        await (await navigator.storage.getDirectory()).removeEntry(NAME);
        return true;
      } catch {
        return false; // Given up before, or never laid.
      }
    },
  };
}
