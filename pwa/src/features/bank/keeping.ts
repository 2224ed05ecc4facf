/** Half-written questions, on this phone alone until they are saved: beside the half-written lessons. */

import { storageKey } from "../../app/session.ts";
import { dropHalfWritten, keepHalfWritten, readHalfWritten } from "../../vault/half-written.ts";
import type { Working } from "./question.ts";

const nameOf = (draftId: string) => `question:${draftId}`;

export async function readWorking(userId: string, draftId: string): Promise<Working | undefined> {
  const key = storageKey();
  if (!key) return undefined;
  return (await readHalfWritten(() => key, userId, nameOf(draftId))) as Working | undefined; // Written below alone.
}

/** Rejects with QuotaExceededError on a full phone. */
export async function keepWorking(userId: string, draftId: string, working: Working): Promise<void> {
  const key = storageKey();
  if (key) await keepHalfWritten(key, userId, nameOf(draftId), working); // Else signed out meanwhile.
}

export const dropWorking = (userId: string, draftId: string): Promise<void> => dropHalfWritten(userId, nameOf(draftId));
