/** What could not be kept on the phone is said on the screen where it was tried, until something works again. */

import { signal } from "@preact/signals";
import { sayError } from "../../app/errors.tsx";

export const problem = signal<string | null>(null);

export async function attempt(run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
    problem.value = null;
  } catch (error) {
    problem.value = sayError(error);
  }
}
