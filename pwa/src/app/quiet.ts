/** When what can wait may come. */

import { effect, signal } from "@preact/signals";
import { engine } from "./session.ts";

const QUIET_MS = 30_000;
const THIN_MS = 2_500; // For one of our scripts, of which the largest has 20 KB.

/** So many answers that a person waits for. */
export const awaited = signal(0);

/**
 * The first time, keeping the page brings 150 KB: on a thin link they would stand before what the person waits for. So there
 * not before the first rows are here and no lesson is on its way, or a while has passed.
 */
export function untilQuiet(): Promise<void> {
  if (!isThin() || !("serviceWorker" in navigator) || navigator.serviceWorker.controller) return Promise.resolve();
  return new Promise((resolve) => {
    setTimeout(resolve, QUIET_MS);
    effect(() => {
      const hasRows = engine.value?.status.value.lastCutAt;
      if (hasRows && awaited.value === 0) resolve();
    });
  });
}

const isThin = () => performance.getEntriesByType("resource").some(({ duration }) => duration > THIN_MS);
