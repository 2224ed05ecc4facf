/** A worker's first script is imported by nobody.
 *
 * WebKit knows it by another name than its address when it came from the service worker: a chunk that imports it would run it
 * a second time, and what listens then is a worker in which nobody is signed in.
 */

import type { Plugin } from "vite";
import { importersOfEntries, type Piece } from "./groups.ts";

export function entryAlone(): Plugin {
  return {
    name: "spark-entry-alone",
    options: (given) => ({ ...given, preserveEntrySignatures: "strict" }), // What others need of it lies beside it.
    generateBundle(_options, bundle) {
      const wrong = importersOfEntries(bundle as unknown as Readonly<Record<string, Piece>>); // Assets have none of these.
      if (wrong.length > 0) this.error(`${wrong.join(", ")}: imports the worker's first script`);
    },
  };
}
