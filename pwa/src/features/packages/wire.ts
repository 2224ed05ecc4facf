/** What the page and the frame tell each other. The frame is a stranger's: the page checks every word of it. */

import type { Item, Outline } from "./outline.ts";
import type { Kept } from "./scorm/kept.ts";
import type { Learner } from "./scorm/session.ts";

export const FRAME = "/packages/frame/"; // What follows is the package's own path.

/** First word of each document in the frame, with the port that all others go through. */
export interface Hello {
  readonly spark: "package";
}

export interface Boot {
  readonly kind: "boot";
  readonly files: ReadonlyMap<string, Blob>;
  readonly edition: Outline["edition"];
  readonly item: Item;
  readonly kept: Kept;
  readonly learner: Learner;
  readonly at?: string; // For a frame within the frame: the address that it stands for.
}

export type ToFrame = Boot | { readonly kind: "leave" };

export type ToPage =
  | { readonly kind: "kept"; readonly kept: Kept }
  | { readonly kind: "left" }
  | { readonly kind: "outside"; readonly address: string } // A link that leads out of the package.
  | { readonly kind: "missing"; readonly path: string };

export const isHello = (data: unknown): data is Hello =>
  typeof data === "object" && data !== null && (data as Partial<Hello>).spark === "package";

/** A state as a frame may tell it: texts under names, within bounds. Null: it is none. */
export function readKept(data: unknown): Kept | null {
  const { values, total, exit, run } = (data ?? {}) as Partial<Kept>; // Checked below.
  if (typeof values !== "object" || values === null || typeof exit !== "string" || exit.length > 20) return null;
  if (run !== "none" && run !== "open" && run !== "ended") return null;
  const texts = Object.entries(values).filter(([name, value]) => name.length < 300 && typeof value === "string");
  return {
    values: Object.fromEntries(texts),
    total: Number.isFinite(total) ? Math.max(0, Number(total)) : 0,
    exit,
    run,
  };
}
