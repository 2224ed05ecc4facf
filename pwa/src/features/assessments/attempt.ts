/** Starting, answering and handing in: all of it works with no network. */

import { derivedId, type Engine, newId } from "#sync";
import type { Answer, Assessment, Attempt } from "../../app/rows.ts";
import type { Value } from "./paper.ts";

export async function startAttempt(engine: Engine, test: Assessment): Promise<string> {
  const id = newId();
  await engine.create(
    "assessments.attempts",
    id,
    { assessment_id: test.id, revision: test.revision, started_at: new Date().toISOString() },
    { title: test.title, bucket: `user:${engine.userId}` },
  );
  return id;
}

/** The id is made of attempt and question, so that two phones of one person answer the same row. */
export async function answerItem(
  engine: Engine,
  known: Answer | undefined,
  answer: { attemptId: string; itemId: string; value: Value; title: string },
): Promise<void> {
  const { attemptId, itemId, value, title } = answer;
  if (known) {
    await engine.patch("assessments.answers", known.id, { value }, { title });
    return;
  }
  const id = await derivedId("assessments.answers", attemptId, itemId);
  await engine.create(
    "assessments.answers",
    id,
    { attempt_id: attemptId, item_id: itemId, value },
    { title, bucket: `user:${engine.userId}` },
  );
}

export async function handIn(engine: Engine, attempt: Attempt, title: string): Promise<void> {
  await engine.command("assessments.attempt.submit", { attempt_id: attempt.id }, { title });
  engine.sync();
}

/** A new attempt has no state until the server has seen it: it is open. */
export function isOpen(attempt: Attempt): boolean {
  return attempt.state === undefined || attempt.state === null || attempt.state === "in_progress";
}

const storeOf = (attemptId: string) => `spark-flags-${attemptId}`;

/** Questions marked to look at again. This phone's own, gone with the attempt. */
export function readFlags(attemptId: string): ReadonlySet<string> {
  const stored = localStorage.getItem(storeOf(attemptId));
  return new Set(stored === null ? [] : (JSON.parse(stored) as string[])); // Written by keepFlags alone.
}

export function keepFlags(attemptId: string, flags: ReadonlySet<string>): void {
  if (flags.size === 0) localStorage.removeItem(storeOf(attemptId));
  else localStorage.setItem(storeOf(attemptId), JSON.stringify([...flags]));
}
