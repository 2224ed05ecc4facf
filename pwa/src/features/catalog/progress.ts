/** How far a person has read: never goes backwards, on any phone (JOIN). The exact place is this phone's own. */

import { derivedId, type Engine } from "#sync";
import type { Lesson, Progress } from "../../app/rows.ts";
import { byRank } from "../../app/rows.ts";

export const DONE_PPM = 980_000;
const PLACES_MAX = 200;
const STEP_PPM = 50_000; // Smaller steps are not worth a write.

export function isDone(progress: Progress | undefined): boolean {
  return progress?.completed_at != null;
}

/** Lessons of a course in reading order: by section, then by rank. */
export function inReadingOrder(
  lessons: readonly Lesson[],
  sections: readonly { id: string; rank: string | number }[],
): readonly Lesson[] {
  const place = new Map([...sections].sort(byRank).map((section, index) => [section.id, index]));
  const of = (lesson: Lesson) => place.get(lesson.section_id) ?? sections.length;
  return [...lessons].sort((a, b) => of(a) - of(b) || byRank(a, b));
}

export interface Reading {
  readonly lessonId: string;
  readonly seenPpm: number;
  readonly seconds: number; // Spent now, on top of what is known.
  readonly isFinished: boolean;
}

/** Keep how far the reading came; writes nothing when it is nothing new. */
export async function keepProgress(
  engine: Engine,
  known: Progress | undefined,
  reading: Reading,
  title: string,
): Promise<void> {
  const seen = Math.min(1_000_000, Math.max(reading.seenPpm, known?.seen_ppm ?? 0));
  const fields: Record<string, unknown> = {};
  if (seen >= (known?.seen_ppm ?? 0) + STEP_PPM || (reading.isFinished && seen > (known?.seen_ppm ?? 0))) {
    fields.seen_ppm = seen;
  }
  if (reading.isFinished && !isDone(known)) fields.completed_at = new Date().toISOString();
  if (Object.keys(fields).length === 0 && reading.seconds < 60) return;
  fields.seconds = (known?.seconds ?? 0) + Math.round(reading.seconds);
  if (known) {
    await engine.patch("catalog.progress", known.id, fields, { title });
    return;
  }
  const id = await derivedId("catalog.progress", engine.userId, reading.lessonId);
  await engine.create(
    "catalog.progress",
    id,
    { lesson_id: reading.lessonId, seen_ppm: seen, ...fields },
    { title, bucket: `user:${engine.userId}` },
  );
}

export interface Place {
  readonly courseId: string;
  readonly block: number;
  readonly at: number;
}

const storeOf = (userId: string) => `spark-places-${userId}`;

export function readPlaces(userId: string): Readonly<Record<string, Place>> {
  const stored = localStorage.getItem(storeOf(userId));
  return stored === null ? {} : (JSON.parse(stored) as Record<string, Place>); // Written by keepPlace alone.
}

export function keepPlace(userId: string, lessonId: string, place: Place): void {
  const entries = Object.entries({ ...readPlaces(userId), [lessonId]: place });
  const latest = entries.sort(([, a], [, b]) => b.at - a.at).slice(0, PLACES_MAX);
  localStorage.setItem(storeOf(userId), JSON.stringify(Object.fromEntries(latest)));
}
