/** A course in a list: what it is, what it weighs, whether it is here. */

import "./course-card.css";
import type { Course } from "../../../app/rows.ts";
import { useDownloads } from "../../../media/use.ts";
import { Cover } from "../../../ui/cover.tsx";
import { Chip, Meter } from "../../../ui/parts.tsx";
import { formatBytes } from "../../../words/format.ts";
import { LANGUAGES, t, tn } from "../../../words/index.ts";

export function CourseCard({ course, subject }: { course: Course; subject?: string | undefined }) {
  const download = useDownloads().of(course.id).value;
  return (
    <a class="card course-card" href={`/courses/${course.id}`}>
      <Cover seed={course.id} />
      <div class="stack tight">
        <h2>{course.title}</h2>
        <p class="soft small row">
          {subject && <span>{subject}</span>}
          <span>{tn("course.lessons", course.lessons_count)}</span>
          <span>{languageName(course.language)}</span>
        </p>
        {download === null ? (
          <p class="small">
            <Chip icon="download">
              {formatBytes(course.pack_bytes?.normal ?? course.text_bytes + course.media_bytes)}
            </Chip>
          </p>
        ) : download.phase === "ready" ? (
          <p>
            <Chip tone="good" icon="circle-check">
              {t("download.ready")}
            </Chip>
          </p>
        ) : (
          <>
            <Meter value={download.bytes} max={download.total} label={t("download.progress")} />
            <p class="soft small number">
              {t("download.of", { done: formatBytes(download.bytes), total: formatBytes(download.total) })}
            </p>
          </>
        )}
      </div>
    </a>
  );
}

export function languageName(tag: string): string {
  return tag in LANGUAGES ? LANGUAGES[tag as keyof typeof LANGUAGES] : tag; // Checked on this line.
}
