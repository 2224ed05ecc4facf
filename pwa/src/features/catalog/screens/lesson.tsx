/** The reader: one lesson, where the reading stopped, and the way to the next. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type LessonAtOnce, lessonAtOnce } from "../../../app/at-once.ts";
import { useLater } from "../../../app/later.ts";
import { Page } from "../../../app/page.tsx";
import type { Course, Lesson, LessonText, Progress, Section } from "../../../app/rows.ts";
import { hasRole, useCourseBucket, useEngine, useMe, useRow, useRows } from "../../../app/use.ts";
import { Empty, Icon } from "../../../ui/parts.tsx";
import { t, tn } from "../../../words/index.ts";
import { type Block, readBlocks } from "../blocks.ts";
import { BlockView } from "../parts/blocks.tsx";
import { inReadingOrder, isDone } from "../progress.ts";
import { useReading } from "../reading.ts";

export function LessonScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const { courseId = "", lessonId = "" } = params;
  const bucket = useCourseBucket(courseId);
  const course = useRow<Course>("catalog.courses", courseId).row;
  const lesson = useRow<Lesson>("catalog.lessons", lessonId, bucket);
  const text = useRow<LessonText>("catalog.lesson_texts", lessonId, bucket);
  const isHere = lesson.row !== undefined && text.row !== undefined;
  const isAbsent = !isHere && !lesson.isLoading && !text.isLoading;
  const atOnce = useAtOnce(lessonId, isAbsent);
  const row = isHere ? lesson.row : atOnce?.lesson;
  const stored = isHere ? text.row?.blocks : atOnce?.lesson?.blocks;
  const blocks = useMemo(() => readBlocks(stored), [stored]);
  const title = row?.title ?? "";
  if (!row) {
    const isLoading = !isAbsent || !atOnce;
    return (
      <Page title={title} back={`/courses/${courseId}`}>
        {!isLoading && (
          <Empty icon="cloud-off" title={t("lesson.not_here")}>
            <p>{t("lesson.not_here_hint")}</p>
            <a class="button" href={`/courses/${courseId}`}>
              {t("lesson.to_course")}
            </a>
          </Empty>
        )}
      </Page>
    );
  }
  return (
    <Page
      title={title}
      back={`/courses/${courseId}`}
      lead={
        <span class="small">
          {course?.title}
          {row.minutes ? ` · ${tn("time.minutes", row.minutes)}` : ""}
        </span>
      }
    >
      <Reading lesson={row} blocks={blocks} isAlone={isAbsent} />
    </Page>
  );
}

/** From the server, while the course is not on this phone; undefined: still to be seen. */
function useAtOnce(lessonId: string, isWanted: boolean): { lesson: LessonAtOnce | undefined } | undefined {
  const { userId } = useEngine();
  const [came, setCame] = useState<{ id: string; lesson: LessonAtOnce | undefined }>();
  useEffect(() => {
    let isStale = false;
    if (isWanted)
      void lessonAtOnce(userId, lessonId)
        .catch(() => null)
        .then((lesson) => !isStale && setCame({ id: lessonId, lesson: lesson ?? undefined }));
    return () => {
      isStale = true;
    };
  }, [userId, lessonId, isWanted]);
  return came?.id === lessonId ? came : undefined;
}

/** `isAlone`: the course it is of is not here. */
function Reading({ lesson, blocks, isAlone }: { lesson: Lesson; blocks: readonly Block[]; isAlone: boolean }) {
  const engine = useEngine();
  const isTeacher = hasRole(useMe(), "educator", "admin", "super_admin");
  const article = useRef<HTMLElement>(null);
  const progress = useRows<Progress>("catalog.progress").rows.find((row) => row.lesson_id === lesson.id);
  const finish = useReading({ engine, lesson, progress, article });
  const place = useMemo(() => ({ courseId: lesson.course_id, isTeacher }), [lesson.course_id, isTeacher]);
  useEffect(() => article.current?.querySelector<HTMLElement>(":scope > h2:first-child")?.classList.add("first"), []);
  return (
    <>
      {isAlone && hasFiles(blocks) && <Weighing lesson={lesson} />}
      <article class="lesson" ref={article}>
        {blocks.map((block, index) => (
          <BlockView key={index} block={block} place={place} />
        ))}
      </article>
      {isAlone ? (
        <Keep courseId={lesson.course_id} finish={finish} />
      ) : (
        <Next lesson={lesson} isDone={isDone(progress)} finish={finish} />
      )}
    </>
  );
}

/** Also inside notes, quotes and lists. */
const hasFiles = (blocks: readonly Block[]): boolean => JSON.stringify(blocks).includes('"file_id":');

const PICTURES = () => import("../parts/at-once.tsx").then((file) => file.PicturesAtOnce);

function Weighing({ lesson }: { lesson: Lesson }) {
  const { Part } = useLater(PICTURES);
  return Part && <Part lesson={lesson} />;
}

function Keep({ courseId, finish }: { courseId: string; finish: () => void }) {
  return (
    <aside class="card stack tight">
      <p class="soft small">{t("lesson.at_once")}</p>
      <a class="button main wide" href={`/courses/${courseId}`} onClick={finish}>
        <Icon name="download" />
        {t("lesson.to_course")}
      </a>
    </aside>
  );
}

function Next({ lesson, isDone: done, finish }: { lesson: Lesson; isDone: boolean; finish: () => void }) {
  const bucket = useCourseBucket(lesson.course_id);
  const sections = useRows<Section>("catalog.sections", bucket).rows;
  const lessons = inReadingOrder(useRows<Lesson>("catalog.lessons", bucket).rows, sections);
  const next = lessons[lessons.findIndex((other) => other.id === lesson.id) + 1];
  const ask = `/questions/ask?course=${lesson.course_id}&lesson=${lesson.id}`;
  return (
    <footer class="stack">
      {done && (
        <p class="chip good">
          <Icon name="circle-check" />
          {t("lesson.done")}
        </p>
      )}
      <a
        class="button main wide"
        href={next ? `/courses/${lesson.course_id}/lessons/${next.id}` : `/courses/${lesson.course_id}`}
        onClick={finish}
      >
        {next ? t("lesson.next", { title: next.title }) : t("lesson.finish")}
      </a>
      <a class="button wide" href={ask}>
        <Icon name="message-circle-question" />
        {t("lesson.ask")}
      </a>
    </footer>
  );
}
