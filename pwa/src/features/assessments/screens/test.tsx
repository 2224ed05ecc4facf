/** A test before it begins: what it asks, what was reached before. */

import { useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import { Page } from "../../../app/page.tsx";
import { go } from "../../../app/router.ts";
import type { Assessment, Attempt, Item } from "../../../app/rows.ts";
import { useCourseBucket, useEngine, useRow, useRows } from "../../../app/use.ts";
import { Chip, Empty, Icon, Notice } from "../../../ui/parts.tsx";
import { formatDate, formatPpm, formatTime, instant } from "../../../words/format.ts";
import { t, tn } from "../../../words/index.ts";
import { isOpen, startAttempt } from "../attempt.ts";

export function TestScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const { courseId = "", assessmentId = "" } = params;
  const { row: test, isLoading } = useRow<Assessment>(
    "assessments.assessments",
    assessmentId,
    useCourseBucket(courseId),
  );
  if (!test) {
    return (
      <Page title={isLoading ? "" : t("test.not_here")} back={`/courses/${courseId}`}>
        {!isLoading && (
          <Empty icon="graduation-cap" title={t("test.not_here")}>
            <p>{t("lesson.not_here_hint")}</p>
          </Empty>
        )}
      </Page>
    );
  }
  return (
    <Page
      title={test.title}
      back={`/courses/${courseId}`}
      lead={
        <span class="row">
          <Chip>{tn("test.questions", test.items_count)}</Chip>
          <Chip>{t("test.pass", { part: formatPpm(test.pass_ppm) })}</Chip>
          {test.attempts_max && <Chip>{tn("test.attempts_max", test.attempts_max)}</Chip>}
        </span>
      }
    >
      <Start test={test} />
    </Page>
  );
}

function Start({ test }: { test: Assessment }) {
  const engine = useEngine();
  const [problem, setProblem] = useState<string>();
  const attempts = useRows<Attempt>("assessments.attempts", `user:${engine.userId}`).rows.filter(
    (row) => row.assessment_id === test.id,
  );
  const items = useRows<Item>("assessments.items", useCourseBucket(test.course_id)).rows.filter(
    (row) => row.assessment_id === test.id && row.revision === test.revision,
  );
  const open = attempts.find(isOpen);
  const isUsedUp =
    test.attempts_max !== null && test.attempts_max !== undefined && attempts.length >= test.attempts_max;
  const isWhole = items.length >= test.items_count;

  async function begin(): Promise<void> {
    try {
      const id = await startAttempt(engine, test);
      go(`/attempts/${id}`);
    } catch (error) {
      setProblem(sayError(error));
    }
  }

  return (
    <>
      <p>{t("test.offline")}</p>
      {problem && <Notice tone="bad">{problem}</Notice>}
      {!isWhole && <Notice tone="warn">{t("test.incomplete", { n: items.length, of: test.items_count })}</Notice>}
      {open ? (
        <a class="button main wide" href={`/attempts/${open.id}`}>
          <Icon name="play" />
          {t("test.go_on")}
        </a>
      ) : isUsedUp ? (
        <Notice>{t("test.used_up")}</Notice>
      ) : (
        <button type="button" class="button main wide" disabled={!isWhole} onClick={() => void begin()}>
          <Icon name="play" />
          {attempts.length === 0 ? t("test.begin") : t("test.again")}
        </button>
      )}
      <Before attempts={attempts.filter((attempt) => !isOpen(attempt))} test={test} />
    </>
  );
}

function Before({ attempts, test }: { attempts: readonly Attempt[]; test: Assessment }) {
  if (attempts.length === 0) return null;
  const newestFirst = [...attempts].sort((a, b) => (instant(b.started_at) ?? 0) - (instant(a.started_at) ?? 0));
  return (
    <section class="stack tight">
      <h2>{t("test.before")}</h2>
      <ul class="list plain">
        {newestFirst.map((attempt) => {
          const at = instant(attempt.submitted_at) ?? instant(attempt.started_at) ?? 0;
          return (
            <li key={attempt.id}>
              <a class="line" href={`/attempts/${attempt.id}/result`}>
                <span class="grow">
                  {formatDate(at)}, {formatTime(at)}
                </span>
                {attempt.score_ppm === null || attempt.score_ppm === undefined ? (
                  <Chip icon="clock">{t("result.waiting")}</Chip>
                ) : (
                  <Chip tone={attempt.score_ppm >= test.pass_ppm ? "good" : "warn"}>
                    {formatPpm(attempt.score_ppm)}
                  </Chip>
                )}
                <Icon name="chevron-right" />
              </a>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
