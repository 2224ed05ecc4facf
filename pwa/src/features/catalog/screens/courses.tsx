/** All courses: those on this phone first, then those that could be. */

import { useState } from "preact/hooks";
import { Page } from "../../../app/page.tsx";
import type { Course, Subject } from "../../../app/rows.ts";
import { useRows } from "../../../app/use.ts";
import { useDownloads } from "../../../media/use.ts";
import { Empty, Field } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import { CourseCard } from "../parts/course-card.tsx";

const SEARCH_FROM = 6; // Fewer courses are read at a glance.

export function CoursesScreen() {
  const { rows, isLoading } = useRows<Course>("catalog.courses");
  const subjects = useRows<Subject>("catalog.subjects").rows;
  const wishes = useDownloads().wishes;
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const found = distinct(rows)
    .filter((course) => `${course.title} ${course.description}`.toLowerCase().includes(wanted))
    .sort((a, b) => a.title.localeCompare(b.title));
  const here = found.filter((course) => course.id in wishes);
  const others = found.filter((course) => !(course.id in wishes));
  const list = (courses: readonly Course[]) => (
    <div class="courses">
      {courses.map((course) => (
        <CourseCard
          key={course.id}
          course={course}
          subject={subjects.find((subject) => subject.id === course.subject_id)?.name}
        />
      ))}
    </div>
  );
  return (
    <Page title={t("courses.title")} lead={t("courses.lead")} width="broad">
      {rows.length >= SEARCH_FROM && (
        <Field label={t("courses.search")}>
          {(props) => (
            <input {...props} type="search" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
          )}
        </Field>
      )}
      {here.length > 0 && (
        <section class="stack">
          <h2>{t("courses.here")}</h2>
          {list(here)}
        </section>
      )}
      {others.length > 0 && (
        <section class="stack">
          <h2>{t("courses.available")}</h2>
          {list(others)}
        </section>
      )}
      {found.length === 0 && !isLoading && (
        <Empty icon="book-open" title={wanted ? t("courses.none_found") : t("courses.none")}>
          <p>{wanted ? t("courses.none_found_hint") : t("courses.none_hint")}</p>
        </Empty>
      )}
    </Page>
  );
}

/** Staff hold a published course twice: its public card and the one of its drafts. */
export function distinct(courses: readonly Course[]): readonly Course[] {
  return [...new Map(courses.map((course) => [course.id, course])).values()];
}
