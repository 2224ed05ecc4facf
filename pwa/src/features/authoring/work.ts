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

/** One after the other: a screen that opens must find what the one before it is still keeping. */
let last: Promise<unknown> = Promise.resolve();

function inTurn<T>(run: () => Promise<T>): Promise<T> {
  const mine = last.then(run, run);
  last = mine.catch(() => undefined); // Whoever asked hears of it; the next one's turn comes all the same.
  return mine;
}

export const readWork = (userId: string, lessonId: string): Promise<Work | undefined> =>
  inTurn(async () => (await readHalfWritten(keyOf, userId, lessonId)) as Work | undefined); // Written below alone.

/** Rejects with QuotaExceededError on a full phone. */
export const keepWork = (userId: string, lessonId: string, work: Work): Promise<void> =>
  inTurn(async () => keepHalfWritten(keyOf(), userId, lessonId, work));

export const dropWork = (userId: string, lessonId: string): Promise<void> =>
  inTurn(() => dropHalfWritten(userId, lessonId));

export const lessonsWithWork = (userId: string): Promise<ReadonlySet<string>> =>
  inTurn(() => namesOfHalfWritten(userId));

function keyOf(): CryptoKey {
  const key = storageKey();
  if (!key) throw new Error("a lesson was written with no store open");
  return key;
}
