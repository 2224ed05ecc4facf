/** What the frame knows of the screen inside it. */

import { signal } from "@preact/signals";

export const backAddress = signal<string | null>(null);

/** A new version of the app lies ready; taken only when the person says so. */
export const update = signal<(() => void) | null>(null);

/** The account of who was here is no more, and nothing of it is left on this phone. */
export const erased = signal(false);
