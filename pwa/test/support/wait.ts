/** Waiting for what happens beside a test. A limit costs nothing where a test passes, so these are for the slowest machine. */

import { vi } from "vitest";

export const WAIT_MS = 30_000;

/** Wait until `holds`, or fail with `what`. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const end = Date.now() + WAIT_MS;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`In vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Wait until `check` raises nothing any more, or fail with what it raised last. */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: WAIT_MS, interval: 5 });
