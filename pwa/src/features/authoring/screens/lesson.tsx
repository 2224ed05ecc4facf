/** A lesson being written: kept on this phone with every pause, seen by others when it is saved. */

import "../parts/authoring.css";
import { useState } from "preact/hooks";
import { NotHere, sayError } from "../../../app/errors.tsx";
import { useLater } from "../../../app/later.ts";
import { Page } from "../../../app/page.tsx";
import type { Lesson, LessonText } from "../../../app/rows.ts";
import { useEngine, useRow } from "../../../app/use.ts";
import { Empty, Notice } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import { type Bench, useBench } from "../bench.ts";
import { blobsOf, useOwnFiles } from "../blobs.ts";
import { conflictsIn } from "../conflicts.ts";
import { blocksOf, editOf, filesOf, finished, KINDS } from "../editing.ts";
import { Desk } from "../parts/desk.tsx";
import type { SplitProps } from "../parts/split.tsx";
import { sayWhy, staffBucket, useDraft, useWishes } from "../staff.ts";

export function EditLessonScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const { courseId = "", lessonId = "" } = params;
  const bucket = staffBucket(courseId);
  const lesson = useRow<Lesson>("catalog.lessons", lessonId, bucket);
  const text = useRow<LessonText>("catalog.lesson_texts", lessonId, bucket);
  const back = `/teach/${courseId}/edit`;
  if (!lesson.row || !text.row) {
    return (
      <Page title={lesson.row?.title ?? t("authoring.title")} back={back}>
        {!lesson.isLoading && !text.isLoading && (
          <Empty icon="cloud-off" title={t("authoring.not_here")}>
            <p>{t("authoring.not_here_hint")}</p>
          </Empty>
        )}
      </Page>
    );
  }
  return (
    <Page title={lesson.row.title} lead={<span class="small">{t("authoring.keep_hint")}</span>} back={back}>
      <Writing key={lessonId} lesson={lesson.row} text={text.row} />
    </Page>
  );
}

function Writing({ lesson, text }: { lesson: Lesson; text: LessonText }) {
  const bench = useBench(lesson.id, text);
  const [said, say] = useState("");
  const [busy, setBusy] = useState(0); // Blocks whose file is being read: saved now, the lesson would go without it.
  const { course } = useDraft(lesson.course_id);
  const hasMet = useWishes(new Set([lesson.id])).some((item) => item.code === "record.changed");
  useOwnFiles(bench ? filesOf(blocksOf(bench.items)) : []);
  if (!bench) return null;
  const isShownToLearners = course?.status === "published";
  return (
    <>
      {hasMet && <MetOthers lesson={lesson} bench={bench} />}
      {bench.items.length === 0 && <p class="soft">{t("authoring.empty_lesson")}</p>}
      <Desk
        items={bench.items}
        kinds={KINDS}
        courseId={lesson.course_id}
        depth={0}
        onChange={bench.change}
        onBusy={(isBusy) => setBusy((count) => count + (isBusy ? 1 : -1))}
        say={say}
      />
      <SaveBar lesson={lesson} bench={bench} isBusy={busy > 0} mustChoose={isShownToLearners} />
      <p class="hidden" role="status">
        {said}
      </p>
    </>
  );
}

interface BarProps {
  readonly lesson: Lesson;
  readonly bench: Bench;
  readonly isBusy: boolean;
  readonly mustChoose: boolean;
}

function SaveBar({ lesson, bench, isBusy, mustChoose }: BarProps) {
  const engine = useEngine();
  const refused = useWishes(new Set([lesson.id])).find(
    (item) => item.state === "not_accepted" && item.code !== "record.changed",
  );
  const [problem, setProblem] = useState<string>();
  const [isTooLarge, setTooLarge] = useState(false);
  const hasConflicts = conflictsIn(blocksOf(bench.items)).length > 0;

  async function save(): Promise<void> {
    setProblem(undefined);
    if (mustChoose && hasConflicts) {
      setProblem(t("authoring.conflict_left"));
      return;
    }
    const now = finished(blocksOf(bench.items));
    try {
      const edit = editOf(bench.base, now);
      await engine.patch(
        "catalog.lesson_texts",
        lesson.id,
        { blocks: edit },
        { title: lesson.title, blobs: await blobsOf(engine, filesOf(now)) },
      );
      await bench.saved(now);
    } catch (error) {
      if ((error as { readonly code?: unknown }).code === "wish.too_large") setTooLarge(true);
      else setProblem(sayError(error));
      return;
    }
    engine.sync();
  }

  return (
    <>
      {problem && <Notice tone="bad">{problem}</Notice>}
      {!["", "kept", "saved"].includes(bench.state) && <Notice tone="bad">{bench.state}</Notice>}
      {refused && (
        <Notice tone="bad">
          <p>
            {t("authoring.refused")} {sayWhy(refused.code, refused.message)}
          </p>
          <a href="/outbox">{t("authoring.to_outbox")}</a>
        </Notice>
      )}
      {isTooLarge && <TooLong lesson={lesson} bench={bench} onDone={() => setTooLarge(false)} />}
      <p class="soft small" role="status">
        {bench.state === "kept" && t("authoring.kept")}
        {bench.state === "saved" && t("authoring.saved")}
      </p>
      <div class="action">
        <button type="button" class="button main" disabled={!bench.isDirty || isBusy} onClick={() => void save()}>
          {t("act.save")}
        </button>
        <button type="button" class="button" disabled={!bench.canUndo} onClick={bench.undo}>
          {t("authoring.undo")}
        </button>
        <a class="button" href={`/teach/${lesson.course_id}/preview/${lesson.id}`}>
          {t("authoring.preview")}
        </a>
      </div>
    </>
  );
}

const MET = () => import("../parts/met.tsx").then((file) => file.Met);

function MetOthers(props: { lesson: Lesson; bench: Bench }) {
  const { Part } = useLater(MET);
  return Part && <Part {...props} />;
}

const SPLIT = () => import("../parts/split.tsx").then((file) => file.Split);

function TooLong(props: SplitProps) {
  const { Part, problem } = useLater(SPLIT);
  return problem === undefined ? Part && <Part {...props} /> : <NotHere why={problem} />;
}
