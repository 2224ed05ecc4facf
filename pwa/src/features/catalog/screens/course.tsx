/** One course: what it is, its download, its lessons and tests. */

import { Page } from "../../../app/page.tsx";
import type { Assessment, Attempt, Course, Lesson, Progress, Section } from "../../../app/rows.ts";
import { byRank } from "../../../app/rows.ts";
import { useCourseBucket, useEngine, useRow, useRows } from "../../../app/use.ts";
import { Cover } from "../../../ui/cover.tsx";
import { Chip, Empty, Icon, Meter } from "../../../ui/parts.tsx";
import { formatPpm } from "../../../words/format.ts";
import { t, tn } from "../../../words/index.ts";
import { languageName } from "../parts/course-card.tsx";
import { DownloadBox } from "../parts/download-box.tsx";
import { inReadingOrder, isDone } from "../progress.ts";
import "../parts/course-card.css";
import "../parts/course.css";

export function CourseScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const courseId = params.courseId ?? "";
  const { row: course, isLoading } = useRow<Course>("catalog.courses", courseId);
  if (!course) {
    return (
      <Page title={isLoading ? "" : t("course.gone")} back="/courses">
        {!isLoading && (
          <Empty icon="book-open" title={t("course.gone")}>
            <p>{t("course.gone_hint")}</p>
          </Empty>
        )}
      </Page>
    );
  }
  return (
    <Page title={course.title} back="/courses" hiddenTitle>
      <header class="course-head">
        <Cover seed={course.id} />
        <div class="stack tight">
          <p class="course-name" aria-hidden="true">
            {course.title}
          </p>
          <p class="row small">
            <Chip>{tn("course.lessons", course.lessons_count)}</Chip>
            <Chip>{languageName(course.language)}</Chip>
            {course.level && <Chip>{course.level}</Chip>}
          </p>
        </div>
      </header>
      {course.description && <p>{course.description}</p>}
      <DownloadBox course={course} />
      <Contents course={course} />
      <Source course={course} />
    </Page>
  );
}

function Contents({ course }: { course: Course }) {
  const bucket = useCourseBucket(course.id);
  const sections = useRows<Section>("catalog.sections", bucket).rows;
  const lessons = inReadingOrder(useRows<Lesson>("catalog.lessons", bucket).rows, sections);
  const progress = useRows<Progress>("catalog.progress").rows;
  const tests = useRows<Assessment>("assessments.assessments", bucket).rows;
  const ofLesson = new Map(progress.map((row) => [row.lesson_id, row]));
  const done = lessons.filter((lesson) => isDone(ofLesson.get(lesson.id))).length;
  if (lessons.length === 0) return null;
  const next = lessons.find((lesson) => !isDone(ofLesson.get(lesson.id)));
  return (
    <>
      <section class="stack tight">
        <p class="row apart">
          <span class="strong">{t("course.done", { n: done, of: lessons.length })}</span>
          <span class="soft small">{formatPpm((done / lessons.length) * 1_000_000)}</span>
        </p>
        <Meter value={done} max={lessons.length} label={t("course.progress")} />
      </section>
      {[...sections].sort(byRank).map((section) => (
        <section key={section.id} class="stack tight">
          <h2>{section.title}</h2>
          <ol class="list plain">
            {lessons
              .filter((lesson) => lesson.section_id === section.id)
              .map((lesson) => (
                <li key={lesson.id}>
                  <LessonLine lesson={lesson} progress={ofLesson.get(lesson.id)} isNext={lesson.id === next?.id} />
                </li>
              ))}
          </ol>
        </section>
      ))}
      {tests.length > 0 && (
        <section class="stack tight">
          <h2>{t("course.tests")}</h2>
          <ul class="list plain">
            {tests.map((test) => (
              <li key={test.id}>
                <TestLine test={test} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {next && (
        <div class="action">
          <a class="button main" href={`/courses/${course.id}/lessons/${next.id}`}>
            <Icon name="play" />
            {done === 0 ? t("course.begin") : t("course.go_on")}
          </a>
        </div>
      )}
    </>
  );
}

function LessonLine({ lesson, progress, isNext }: { lesson: Lesson; progress: Progress | undefined; isNext: boolean }) {
  const seen = progress?.seen_ppm ?? 0;
  return (
    <a
      class="line"
      href={`/courses/${lesson.course_id}/lessons/${lesson.id}`}
      aria-current={isNext ? "step" : undefined}
    >
      <span class={`step ${isDone(progress) ? "done" : ""}`}>
        {isDone(progress) ? <Icon name="check" /> : <span class="dotlet" />}
      </span>
      <span class="grow">
        {lesson.title}
        <br />
        <span class="soft small">
          {lesson.minutes ? tn("time.minutes", lesson.minutes) : ""}
          {!isDone(progress) && seen > 50_000 ? ` · ${t("course.read", { part: formatPpm(seen) })}` : ""}
          {isDone(progress) && <span class="hidden">{t("course.lesson_done")}</span>}
        </span>
      </span>
      <Icon name="chevron-right" />
    </a>
  );
}

function TestLine({ test }: { test: Assessment }) {
  const attempts = useRows<Attempt>("assessments.attempts", `user:${useEngine().userId}`).rows.filter(
    (row) => row.assessment_id === test.id,
  );
  const best = Math.max(-1, ...attempts.map((attempt) => attempt.score_ppm ?? -1));
  return (
    <a class="line" href={`/courses/${test.course_id}/tests/${test.id}`}>
      <Icon name="graduation-cap" />
      <span class="grow">
        {test.title}
        <br />
        <span class="soft small">{tn("test.questions", test.items_count)}</span>
      </span>
      {best >= 0 && <Chip tone={best >= test.pass_ppm ? "good" : "warn"}>{formatPpm(best)}</Chip>}
      <Icon name="chevron-right" />
    </a>
  );
}

/** Whose work this is, and under which licence: said on the course, as its licence asks. */
function Source({ course }: { course: Course }) {
  if (!course.licence && !course.attribution) return null;
  return (
    <footer class="soft small stack tight">
      {course.attribution && <p>{course.attribution}</p>}
      <p class="row">
        {course.licence && <span>{t("course.licence", { name: course.licence })}</span>}
        {course.source_url?.startsWith("https://") && (
          <a href={course.source_url} target="_blank" rel="noopener noreferrer">
            {t("course.source")}
          </a>
        )}
      </p>
    </footer>
  );
}
