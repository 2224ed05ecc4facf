/** Starting, answering and handing in: all of it works with no network. */

import { derivedId, type Engine, newId } from "#sync";
import type { Answer, Assessment, Attempt, Item } from "../../app/rows.ts";
import { readOptions, type Value } from "./paper.ts";

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
  answer: { attemptId: string; item: Item; value: Value; title: string },
): Promise<void> {
  const { attemptId, item, value, title } = answer;
  const short = { item: Number(item.rank), value: inPlaces(item, value) };
  if (known) {
    await engine.patch("assessments.answers", known.id, { value }, { title, short });
    return;
  }
  const id = await derivedId("assessments.answers", attemptId, item.id);
  await engine.create(
    "assessments.answers",
    id,
    { attempt_id: attemptId, item_id: item.id, value },
    { title, bucket: `user:${engine.userId}`, short },
  );
}

/** Options by their places: a digit travels where an id would be ten. */
function inPlaces(item: Item, value: Value): unknown {
  const ids = readOptions(item).map(({ id }) => id);
  const place = (id: string) => (ids.includes(id) ? ids.indexOf(id) : id);
  if (item.kind === "mcq" && typeof value === "string") return place(value);
  if ((item.kind === "multi" || item.kind === "order") && Array.isArray(value)) return value.map(place);
  return value;
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
