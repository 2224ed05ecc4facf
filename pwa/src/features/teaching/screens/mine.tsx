/** An educator's courses, published or not, and those that only this phone knows yet. */

import { useWords } from "../../../app/later.ts";
import { Page } from "../../../app/page.tsx";
import type { Course } from "../../../app/rows.ts";
import { useEngine, useRow, useRows } from "../../../app/use.ts";
import { Cover } from "../../../ui/cover.tsx";
import { Chip, Empty, Icon } from "../../../ui/parts.tsx";
import { t, tn } from "../../../words/index.ts";
import "../../catalog/parts/course-card.css";

const PREFIX = "course-staff:";

export function TeachScreen() {
  const held = useEngine().buckets.value.flatMap(({ bucket }) =>
    bucket.startsWith(PREFIX) ? [bucket.slice(PREFIX.length)] : [],
  );
  // Made on this phone and not sent yet: without a name for addresses, which the server gives.
  const made = useRows<Course>("catalog.courses").rows.filter((course) => course.slug === "");
  const ids = [...new Set([...made.map((course) => course.id), ...held])];
  const canWrite = useWords("authoring"); // They come with its screens: a phone that has neither yet does without.
  const canSend = useWords("uploads");
  return (
    <Page title={t("teach.title")} lead={t("teach.lead")} width="broad">
      {ids.length === 0 ? (
        <Empty icon="file-up" title={t("teach.none")}>
          <p>{t("teach.none_hint")}</p>
        </Empty>
      ) : (
        <div class="courses">
          {ids.map((courseId) => (
            <Mine key={courseId} courseId={courseId} canWrite={canWrite} />
          ))}
        </div>
      )}
      {canSend && (
        <div>
          <a class="button quiet" href="/teach/uploads">
            <Icon name="send" />
            {t("uploads.title")}
          </a>
        </div>
      )}
      <div class="action">
        {canWrite && (
          <a class="button main" href="/teach/new">
            <Icon name="plus" />
            {t("authoring.new")}
          </a>
        )}
        <a class={canWrite ? "button" : "button main"} href="/teach/import">
          <Icon name="file-up" />
          {t("import.title")}
        </a>
      </div>
    </Page>
  );
}

function Mine({ courseId, canWrite }: { courseId: string; canWrite: boolean }) {
  const course = useRow<Course>("catalog.courses", courseId, PREFIX + courseId).row;
  const isPublished = useRow<Course>("catalog.courses", courseId, "public").row !== undefined;
  if (!course) return null;
  const isKnown = course.slug !== "";
  return (
    <article class="card course-card">
      <Cover seed={course.id} />
      <div class="stack tight">
        <h2>{course.title}</h2>
        <p class="row small">
          <Chip tone={isPublished ? "good" : "plain"} icon={isPublished ? "circle-check" : "clock"}>
            {isPublished ? t("teach.published") : t("teach.draft")}
          </Chip>
          <span class="soft">{tn("course.lessons", course.lessons_count)}</span>
        </p>
        <div class="row">
          {canWrite && (
            <a class="button" href={`/teach/${course.id}/edit`}>
              {t("authoring.edit")}
            </a>
          )}
          {isKnown && (
            <a class="button" href={`/courses/${course.id}`}>
              {t("teach.look")}
            </a>
          )}
          {isKnown && (
            <a class="button" href={`/teach/${course.id}/results`}>
              {t("teach.results")}
            </a>
          )}
        </div>
        {isKnown && (
          <a class="button quiet" href={`/teach/import?course=${encodeURIComponent(course.slug)}`}>
            {t("teach.add_questions")}
          </a>
        )}
      </div>
    </article>
  );
}
