/** A lesson as learners see it: the very same parts draw it, from what is written here. */

import { useEffect, useMemo, useState } from "preact/hooks";
import { Page } from "../../../app/page.tsx";
import type { Lesson, LessonText } from "../../../app/rows.ts";
import { useEngine, useRow } from "../../../app/use.ts";
import { t } from "../../../words/index.ts";
import { type Block, readBlocks } from "../../catalog/blocks.ts";
import { Blocks } from "../../catalog/parts/blocks.tsx";
import { useOwnFiles } from "../blobs.ts";
import { filesOf, finished } from "../editing.ts";
import { staffBucket } from "../staff.ts";
import { readWork } from "../work.ts";

export function PreviewScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const { courseId = "", lessonId = "" } = params;
  const { userId } = useEngine();
  const bucket = staffBucket(courseId);
  const lesson = useRow<Lesson>("catalog.lessons", lessonId, bucket).row;
  const text = useRow<LessonText>("catalog.lesson_texts", lessonId, bucket).row;
  const [half, setHalf] = useState<readonly Block[] | null>();
  useEffect(() => void readWork(userId, lessonId).then((work) => setHalf(work?.blocks ?? null)), [userId, lessonId]);
  const blocks = half ? finished(half) : readBlocks(text?.blocks);
  useOwnFiles(filesOf(blocks));
  const place = useMemo(() => ({ courseId, isTeacher: false }), [courseId]);
  const edit = `/teach/${courseId}/edit/${lessonId}`;
  return (
    <Page
      title={lesson?.title ?? t("authoring.preview")}
      lead={<span class="small">{t("authoring.preview_hint")}</span>}
      back={edit}
    >
      {half !== undefined && (
        <article class="lesson">
          <Blocks blocks={blocks} place={place} />
        </article>
      )}
      <a class="button wide" href={edit}>
        {t("authoring.back_to_edit")}
      </a>
    </Page>
  );
}
