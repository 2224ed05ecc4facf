/** The phone engine's public door: rows to show, wishes to make, and how both stand. No screen imports anything deeper. */

import type { Port, ToPage, ToWorker } from "./messages.js";
import { connect } from "./proxy.js";
import type { Engine, OpenOptions } from "./types.js";

export { derivedId, newId } from "./ids.js";
export { placeBetween } from "./place.js";
export { mergeText } from "./text.js";
export type * from "./types.js";

const newWorker = () => new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });

let warmed: Worker | null = null;

/** Bring the engine's script before it is needed. */
export function warmEngine(): void {
  warmed ??= newWorker();
}

/** Open one person's store on this phone and keep it in step with the server. Never waits for the network. */
export function openEngine(options: OpenOptions): Promise<Engine> {
  const worker = warmed ?? newWorker();
  warmed = null;
  const port: Port<ToWorker, ToPage> = {
    post: (message) => worker.postMessage(message),
    listen: (hear) => {
      worker.onmessage = (event: MessageEvent<ToPage>) => hear(event.data);
    },
    close: () => worker.terminate(),
  };
  return connect(options, port);
}
