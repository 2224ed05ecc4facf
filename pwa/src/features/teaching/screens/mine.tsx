/** An educator's courses, published or not. */

import { Page } from "../../../app/page.tsx";
import type { Course } from "../../../app/rows.ts";
import { useEngine, useRow } from "../../../app/use.ts";
import { Cover } from "../../../ui/cover.tsx";
import { Chip, Empty, Icon } from "../../../ui/parts.tsx";
import { t, tn } from "../../../words/index.ts";
import "../../catalog/parts/course-card.css";

const PREFIX = "course-staff:";

export function TeachScreen() {
  const buckets = useEngine().buckets.value.filter((state) => state.bucket.startsWith(PREFIX));
  return (
    <Page title={t("teach.title")} lead={t("teach.lead")} width="broad">
      {buckets.length === 0 ? (
        <Empty icon="file-up" title={t("teach.none")}>
          <p>{t("teach.none_hint")}</p>
        </Empty>
      ) : (
        <div class="courses">
          {buckets.map((state) => (
            <Mine key={state.bucket} courseId={state.bucket.slice(PREFIX.length)} />
          ))}
        </div>
      )}
      <div class="action">
        <a class="button main" href="/teach/import">
          <Icon name="file-up" />
          {t("import.title")}
        </a>
      </div>
    </Page>
  );
}

function Mine({ courseId }: { courseId: string }) {
  const course = useRow<Course>("catalog.courses", courseId, PREFIX + courseId).row;
  const isPublished = useRow<Course>("catalog.courses", courseId, "public").row !== undefined;
  if (!course) return null;
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
          <a class="button" href={`/courses/${course.id}`}>
            {t("teach.look")}
          </a>
          <a class="button" href={`/teach/${course.id}/results`}>
            {t("teach.results")}
          </a>
        </div>
        <a class="button quiet" href={`/teach/import?course=${encodeURIComponent(course.slug)}`}>
          {t("teach.add_questions")}
        </a>
      </div>
    </article>
  );
}
