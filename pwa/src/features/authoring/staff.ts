/** What the screens of a course read: its educators' own copy, which holds drafts too. */

import type { OutboxItem } from "#sync";
import { sayCode } from "../../app/errors.tsx";
import type { Course, Lesson, Section } from "../../app/rows.ts";
import { useEngine, useRow, useRows } from "../../app/use.ts";
import { t, type Word, word } from "../../words/index.ts";

export const staffBucket = (courseId: string): string => `course-staff:${courseId}`;

export type Draft = Course & { readonly status?: string };

export function useDraft(courseId: string): { course: Draft | undefined; isLoading: boolean } {
  const { row, isLoading } = useRow<Draft>("catalog.courses", courseId, staffBucket(courseId));
  return { course: row, isLoading };
}

export const useSections = (courseId: string) => useRows<Section>("catalog.sections", staffBucket(courseId)).rows;
export const useLessons = (courseId: string) => useRows<Lesson>("catalog.lessons", staffBucket(courseId)).rows;

/** What of a course, and of what is in it, is still on its way or was not accepted. */
export function useWishes(ids: ReadonlySet<string>): readonly OutboxItem[] {
  return useEngine().outbox.value.filter((item) => {
    if (!item.name.startsWith("catalog.") || item.name === "catalog.progress") return false;
    return [item.args.id, item.args.course_id, item.args.section_id].some((id) => ids.has(String(id)));
  });
}

const CODES: Readonly<Record<string, Word>> = {
  "educator.not_verified": word("authoring.not_verified"),
  "course.empty": word("authoring.begin"),
  "course.no_exercise": word("authoring.no_exercise_here"),
  "course.full": word("authoring.too_full"),
  "section.gone": word("authoring.section_gone"),
  "section.not_empty": word("authoring.section_full"),
  "content.unknown_file": word("authoring.file_unknown"),
  "content.invalid": word("authoring.bad_content"),
};

/** Why something was not accepted, in the person's language where we have words for it. */
export function sayWhy(code: string | undefined, message: string | undefined): string {
  const known = CODES[code ?? ""];
  return known === undefined ? sayCode(code ?? "", message) : t(known);
}
