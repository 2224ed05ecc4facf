/** The phone engine's public door: rows to show, wishes to make, and how both stand. No screen imports anything deeper. */

import type { Port, ToPage, ToWorker } from "./messages.js";
import { connect } from "./proxy.js";
import type { Engine, OpenOptions } from "./types.js";

export { derivedId, newId } from "./ids.js";
export { placeBetween } from "./place.js";
export { mergeText } from "./text.js";
export type * from "./types.js";

/** Open one person's store on this phone and keep it in step with the server. Never waits for the network. */
export function openEngine(options: OpenOptions): Promise<Engine> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const port: Port<ToWorker, ToPage> = {
    post: (message) => worker.postMessage(message),
    listen: (hear) => {
      worker.onmessage = (event: MessageEvent<ToPage>) => hear(event.data);
    },
    close: () => worker.terminate(),
  };
  return connect(options, port);
}
