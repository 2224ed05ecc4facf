/** Half-written lessons: on this phone alone until they are saved. */

import { storageKey } from "../../app/session.ts";
import { dropHalfWritten, keepHalfWritten, namesOfHalfWritten, readHalfWritten } from "../../vault/half-written.ts";
import type { Block } from "../catalog/blocks.ts";

export interface Work {
  readonly base: readonly Block[]; // What stood there when the writing began.
  readonly blocks: readonly Block[];
  readonly at: number;
  readonly settles: readonly string[]; // Wishes that were not accepted, and that these blocks take up again.
}

export const readWork = async (userId: string, lessonId: string): Promise<Work | undefined> =>
  (await readHalfWritten(keyOf, userId, lessonId)) as Work | undefined; // Written below alone.

/** Rejects with QuotaExceededError on a full phone. */
export const keepWork = async (userId: string, lessonId: string, work: Work): Promise<void> =>
  keepHalfWritten(keyOf(), userId, lessonId, work);

export const dropWork = dropHalfWritten;
export const lessonsWithWork = namesOfHalfWritten;

function keyOf(): CryptoKey {
  const key = storageKey();
  if (!key) throw new Error("a lesson was written with no store open");
  return key;
}
