/** What the people of this phone want on it, and which files that names. In IndexedDB: a killed browser keeps it. */

import { readAll, removeOne, writeOne } from "../vault/store.ts";
import type { Quality } from "./quality.ts";

export interface Wish {
  readonly userId: string;
  readonly courseId: string;
  readonly quality: Quality;
  readonly wifiOnly: boolean;
  readonly isPaused: boolean;
  readonly files: readonly string[]; // Hashes. Others' rows are sealed to who is here, so that wishes must name them.
  readonly usedAt: number;
}

const DB = "spark-wishes";
const BEFORE = "spark-downloads-"; // Where wishes lay at first: localStorage, written seconds late.

export const allWishes = (): Promise<Wish[]> => readAll<Wish>(DB);

export const keepWish = (wish: Wish): Promise<void> => writeOne(DB, keyOf(wish), wish);

export const dropWish = (wish: Wish): Promise<void> => removeOne(DB, keyOf(wish));

const keyOf = (wish: Wish) => `${wish.userId} ${wish.courseId}`;

export async function wishesOf(userId: string): Promise<readonly Wish[]> {
  await moveOld(userId);
  return (await allWishes()).filter((wish) => wish.userId === userId);
}

/** Nobody here wants anything for this person any more. */
export async function forgetWishes(userId: string): Promise<void> {
  for (const wish of await allWishes()) if (wish.userId === userId) await dropWish(wish);
}

async function moveOld(userId: string): Promise<void> {
  const stored = localStorage.getItem(BEFORE + userId);
  if (stored === null) return;
  const old = JSON.parse(stored) as Record<string, { quality: string; isPaused: boolean }>; // As that version wrote it.
  for (const [courseId, { quality, isPaused }] of Object.entries(old)) {
    const wish: Wish = {
      userId,
      courseId,
      quality: quality === "text" ? "text" : "normal",
      wifiOnly: false,
      isPaused,
      files: [],
      usedAt: Date.now(),
    };
    await keepWish(wish);
  }
  localStorage.removeItem(BEFORE + userId);
}
