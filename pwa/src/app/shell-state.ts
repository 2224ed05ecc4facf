/** What the frame knows of the screen inside it. */

import { signal } from "@preact/signals";
import type { Status } from "#sync";

export const backAddress = signal<string | null>(null);

/** A new version of the app lies ready; taken only when the person says so. */
export const update = signal<(() => void) | null>(null);

/** The account of who was here is no more, and nothing of it is left on this phone. */
export const erased = signal(false);

const MANY = 4; // Fewer go in a blink, and the outbox counts them: a line for each wish would move the screen under a finger.

/** Whether a line says how far the sending is; it stays from the first of them to the last. */
export const isLongSending = ({ phase, sent, queued }: Status): boolean =>
  phase === "sending" && queued > 0 && sent + queued >= MANY;
