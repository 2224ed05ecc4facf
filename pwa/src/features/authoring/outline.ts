/** A course's order, and what a move writes. Pure. */

import { placeBetween } from "#sync";
import type { Lesson, Section } from "../../app/rows.ts";
import { byRank } from "../../app/rows.ts";

export interface Part {
  readonly section: Section;
  readonly lessons: readonly Lesson[];
}

export interface Target {
  readonly sectionId: string;
  readonly index: number; // Among the section's other lessons.
}

/** Sections in their order, each with its lessons. A lesson whose section is not here yet stands in the last one. */
export function partsOf(sections: readonly Section[], lessons: readonly Lesson[]): readonly Part[] {
  const sorted = [...sections].sort(byRank);
  const known = new Set(sorted.map((section) => section.id));
  const homeOf = (lesson: Lesson) => (known.has(lesson.section_id) ? lesson.section_id : sorted.at(-1)?.id);
  return sorted.map((section) => ({
    section,
    lessons: lessons.filter((lesson) => homeOf(lesson) === section.id).sort(byRank),
  }));
}

/** One step up or down, over the border of a section too; null at the ends of the course. */
export function stepOf(parts: readonly Part[], lessonId: string, step: 1 | -1): Target | null {
  const home = parts.findIndex(({ lessons }) => lessons.some((lesson) => lesson.id === lessonId));
  const part = parts[home];
  if (!part) return null;
  const index = part.lessons.findIndex((lesson) => lesson.id === lessonId) + step;
  if (index >= 0 && index < part.lessons.length) return { sectionId: part.section.id, index };
  const next = parts[home + step];
  return next ? { sectionId: next.section.id, index: step === 1 ? 0 : next.lessons.length } : null;
}

/** The fields of a patch that puts the lesson there; null where it stands there already. */
export function moveLesson(
  parts: readonly Part[],
  lesson: Lesson,
  { sectionId, index }: Target,
): Readonly<Record<string, string>> | null {
  const part = parts.find(({ section }) => section.id === sectionId);
  if (!part) return null;
  const isHome = part.lessons.some((other) => other.id === lesson.id);
  if (isHome && part.lessons[index]?.id === lesson.id) return null;
  const others = part.lessons.filter((other) => other.id !== lesson.id);
  const rank = placeAmong(others, index, lesson.id);
  return isHome && lesson.section_id === sectionId ? { rank } : { rank, section_id: sectionId };
}

/** The place of a row that is to stand at `index` among `others`, which are in their order. */
export function placeAmong(
  others: readonly { readonly rank: string | number }[],
  index: number,
  rowId: string,
): string {
  const rankAt = (at: number) => (others[at] === undefined ? null : String(others[at].rank));
  return placeBetween(index > 0 ? rankAt(index - 1) : null, rankAt(index), rowId);
}

/** A new lesson stands behind the last one of its section. */
export function placeLast(
  rows: readonly { readonly rank: string | number; readonly id: string }[],
  rowId: string,
): string {
  return placeAmong([...rows].sort(byRank), rows.length, rowId);
}
