/** How learners did in a course's tests. */

import { Page } from "../../../app/page.tsx";
import type { Assessment, Attempt, Course } from "../../../app/rows.ts";
import { useCourseBucket, useRow, useRows } from "../../../app/use.ts";
import { Chip, Empty, Icon } from "../../../ui/parts.tsx";
import { formatDate, formatPpm, formatTime, instant } from "../../../words/format.ts";
import { t, tn } from "../../../words/index.ts";
import { PackageResults } from "../../packages/parts/results.tsx";
import { Distribution } from "../parts/distribution.tsx";

const NEWEST_MAX = 50;

export function ResultsScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const courseId = params.courseId ?? "";
  const course = useRow<Course>("catalog.courses", courseId).row;
  const tests = useRows<Assessment>("assessments.assessments", useCourseBucket(courseId)).rows;
  const attempts = useRows<Attempt>("assessments.attempts", `course-staff:${courseId}`).rows;
  return (
    <Page title={t("results.title")} lead={course?.title} back="/teach">
      <a class="button wide" href={`/teach/${courseId}/ready`}>
        <Icon name="smartphone" />
        {t("download.ready")}
      </a>
      <PackageResults courseId={courseId} />
      {tests.length === 0 && (
        <Empty icon="graduation-cap" title={t("results.no_tests")}>
          <p>{t("results.no_tests_hint")}</p>
          <a class="button" href={`/teach/import?course=${encodeURIComponent(course?.slug ?? "")}`}>
            {t("teach.add_questions")}
          </a>
        </Empty>
      )}
      {tests.map((test) => (
        <OneTest key={test.id} test={test} attempts={attempts.filter((row) => row.assessment_id === test.id)} />
      ))}
    </Page>
  );
}

function OneTest({ test, attempts }: { test: Assessment; attempts: readonly Attempt[] }) {
  const scores = attempts.map((row) => row.score_ppm).filter((score) => typeof score === "number");
  const mean = scores.reduce((sum, score) => sum + score, 0) / Math.max(scores.length, 1);
  const passed = scores.filter((score) => score >= test.pass_ppm).length;
  const newest = [...attempts].sort((a, b) => (instant(b.started_at) ?? 0) - (instant(a.started_at) ?? 0));
  return (
    <section class="stack">
      <h2>{test.title}</h2>
      {attempts.length === 0 ? (
        <p class="soft">{t("results.none")}</p>
      ) : (
        <>
          <p class="row">
            <Chip>{tn("results.attempts", attempts.length)}</Chip>
            {scores.length > 0 && <Chip>{t("results.mean", { part: formatPpm(mean) })}</Chip>}
            {scores.length > 0 && <Chip tone="good">{t("results.passed", { n: passed, of: scores.length })}</Chip>}
          </p>
          {scores.length > 0 && <Distribution scores={scores} passPpm={test.pass_ppm} />}
          <ul class="list plain">
            {newest.slice(0, NEWEST_MAX).map((attempt) => {
              const at = instant(attempt.submitted_at) ?? instant(attempt.started_at) ?? 0;
              return (
                <li key={attempt.id} class="line">
                  <span class="grow">
                    {attempt.learner_name}
                    <br />
                    <span class="soft small">
                      {formatDate(at)}, {formatTime(at)}
                    </span>
                  </span>
                  {typeof attempt.score_ppm === "number" ? (
                    <Chip tone={attempt.score_ppm >= test.pass_ppm ? "good" : "warn"}>
                      {formatPpm(attempt.score_ppm)}
                    </Chip>
                  ) : (
                    <Chip icon="clock">{t("results.open")}</Chip>
                  )}
                </li>
              );
            })}
          </ul>
        </>
      )}
    </section>
  );
}
