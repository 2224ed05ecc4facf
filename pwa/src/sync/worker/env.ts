/** What the engine needs of the world. The browser's worker has one, each test another. */

import type { Factory } from "./db.js";

export interface Channel {
  post(word: Word): void;
  listen(hear: (word: Word) => void): void;
  close(): void;
}

/** What the tabs of one person tell each other. */
export type Word =
  | { readonly kind: "beat" } // The leader lives.
  | { readonly kind: "wishes"; readonly seqs: readonly number[] } // Read these again.
  | { readonly kind: "cut" } // Other rows are shown now.
  | { readonly kind: "mine" } // Device, numbers or wanted buckets changed: read everything again.
  | { readonly kind: "hello" } // A tab has opened: how do we stand?
  | { readonly kind: "packed" } // Rows came on a card.
  | { readonly kind: "sync" }
  | { readonly kind: "pause"; readonly on: boolean }
  | { readonly kind: "damaged"; readonly pairs: readonly (readonly [bucket: string, tier: number])[] }
  | { readonly kind: "status"; readonly status: unknown };

/** The part of Web Locks that leading needs. */
export interface Locks {
  request(
    name: string,
    options: { readonly steal?: boolean; readonly signal?: AbortSignal },
    run: () => Promise<void>,
  ): Promise<void>;
}

/** A file that is given up before a wish may fail for want of space. */
export interface Ballast {
  lay(): Promise<void>;
  /** True if there was something to give up. */
  giveUp(): Promise<boolean>;
}

export interface Env {
  readonly factory: Factory;
  readonly fetch: typeof fetch;
  readonly locks: Locks | null; // Null: this browser has none; the fence alone keeps two leaders apart.
  readonly channel: (name: string) => Channel;
  readonly ballast: Ballast;
  readonly now: () => number;
  readonly random: () => number;
  readonly stallMs: number;
  readonly gapMs: number; // The least time between two exchanges that nothing urgent asks for.
  readonly heldMs: number; // How long a retry or withdrawal waits for the row that names what was refused.
  /** The link costs so much that holding a stream open is not worth it (Save-Data, 2g). */
  readonly isDear: () => boolean;
}
