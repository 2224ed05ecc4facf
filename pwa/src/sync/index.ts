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
  if (warmed) return;
  warmed = newWorker();
  warmed.onerror = () => {
    warmed = null; // It did not come: whoever needs it asks again.
  };
}

/**
 * Open one person's store on this phone and keep it in step with the server. Never waits for the network. Raises TypeError
 * when the engine's script did not come.
 */
export async function openEngine(options: OpenOptions): Promise<Engine> {
  const worker = warmed ?? newWorker();
  warmed = null;
  const port: Port<ToWorker, ToPage> = {
    post: (message) => worker.postMessage(message),
    listen: (hear) => {
      worker.onmessage = (event: MessageEvent<ToPage>) => hear(event.data);
    },
    close: () => worker.terminate(),
  };
  const lost = new Promise<never>((_, reject) => {
    worker.onerror = ({ message }: Partial<ErrorEvent>) =>
      reject(message ? new Error(message) : new TypeError("the engine's script did not come"));
  });
  try {
    return await Promise.race([connect(options, port), lost]);
  } catch (error) {
    worker.terminate();
    throw error;
  }
}
