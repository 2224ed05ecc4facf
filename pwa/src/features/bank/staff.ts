/** What the screens of a course's questions read and write: its educators' own copy, which holds drafts. */

import { type Engine, newId, type OutboxItem } from "#sync";
import { sayCode } from "../../app/errors.tsx";
import { useEngine, useRow, useRows } from "../../app/use.ts";
import { t, type Word, word } from "../../words/index.ts";
import { blobsOf } from "../authoring/blobs.ts";
import { filesIn } from "./marks.ts";
import { type DraftRow, finished, type Lack, nameOf, same, type TestRow, type Working, workingOf } from "./question.ts";

export const staffBucket = (courseId: string): string => `course-staff:${courseId}`;

export const DRAFTS = "assessments.drafts";
export const TESTS = "assessments.tests";

export const useDrafts = (courseId: string) => useRows<DraftRow>(DRAFTS, staffBucket(courseId));
export const useTests = (courseId: string) => useRows<TestRow>(TESTS, staffBucket(courseId));
export const useDraft = (courseId: string, id: string) => useRow<DraftRow>(DRAFTS, id, staffBucket(courseId));
export const useTest = (courseId: string, id: string) => useRow<TestRow>(TESTS, id, staffBucket(courseId));

/** What of these rows is still on its way or was not accepted, newest last. */
export function useWishes(...ids: readonly string[]): readonly OutboxItem[] {
  return useEngine().outbox.value.filter(
    (item) => item.name.startsWith("assessments.") && ids.includes(String(item.args.id)),
  );
}

/** One op, made of what changed; none where nothing did. */
export async function saveDraft(
  engine: Engine,
  place: { readonly courseId: string; readonly id: string; readonly row: DraftRow | undefined },
  working: Working,
): Promise<void> {
  const question = finished(working.question);
  const title = working.title.trim();
  const blobs = await blobsOf(engine, filesIn(question));
  const options = { title: nameOf(title, question), bucket: staffBucket(place.courseId), blobs };
  const fields = { points: working.points, difficulty: working.difficulty, topic_tags: working.tags };
  if (!place.row) {
    const made = { course_id: place.courseId, title, question, ...fields };
    await engine.create(DRAFTS, place.id, made, options);
    return;
  }
  const before = workingOf(place.row);
  const changed = {
    ...(title === before.title ? {} : { title: { was: before.title, now: title } }),
    ...(same(question, before.question) ? {} : { question }),
    ...(working.points === before.points ? {} : { points: working.points }),
    ...(working.difficulty === before.difficulty ? {} : { difficulty: working.difficulty }),
    ...(same(working.tags, before.tags) ? {} : { topic_tags: working.tags }),
  };
  if (Object.keys(changed).length > 0) await engine.patch(DRAFTS, place.id, changed, { title: options.title, blobs });
}

export async function makeTest(engine: Engine, courseId: string, title: string): Promise<string> {
  const id = newId();
  const made = { course_id: courseId, title, kind: "lesson_test", draft_ids: [], pass_ppm: 600_000 };
  await engine.create(TESTS, id, made, { title, bucket: staffBucket(courseId) });
  return id;
}

export async function setQuestions(engine: Engine, test: TestRow, now: readonly string[]): Promise<void> {
  const was = test.draft_ids ?? [];
  if (!same(was, now)) await engine.patch(TESTS, test.id, { draft_ids: { was, now } }, { title: test.title });
}

const LACKS: Readonly<Record<Lack, Word>> = {
  prompt: word("bank.lack_prompt"),
  two: word("bank.lack_two"),
  right: word("bank.lack_right"),
  number: word("bank.lack_number"),
  twice: word("bank.lack_twice"),
  gap: word("bank.lack_gap"),
  gap_answer: word("bank.lack_gap_answer"),
  person: word("bank.lack_person"),
};

export const sayLack = (lack: Lack): string => t(LACKS[lack]);

const KINDS: Readonly<Record<string, Word>> = {
  mcq: word("bank.kind_mcq"),
  multi: word("bank.kind_multi"),
  true_false: word("bank.kind_true_false"),
  short: word("bank.kind_short"),
  numeric: word("bank.kind_numeric"),
  match: word("bank.kind_match"),
  order: word("bank.kind_order"),
  cloze: word("bank.kind_cloze"),
};

export function sayKind(kind: string): string {
  const known = KINDS[kind];
  return known === undefined ? t("bank.kind_open") : t(known);
}

const CODES: Readonly<Record<string, Word>> = {
  "assessment.not_verified": word("bank.not_verified"),
  "assessment.not_gradable": word("bank.lack_person"),
  "test.question_incomplete": word("bank.unfinished"),
  "test.question_gone": word("bank.question_gone"),
  "test.empty": word("bank.needs_question"),
  "test.title_taken": word("bank.title_taken"),
  "bank.full": word("bank.full"),
};

export function sayWhy(item: OutboxItem): string {
  const known = CODES[item.code ?? ""];
  return known === undefined ? sayCode(item.code ?? "", item.message) : t(known);
}
