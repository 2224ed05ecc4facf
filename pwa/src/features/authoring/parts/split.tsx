/** A lesson that is too long to be sent. */

import { useState } from "preact/hooks";
import { newId } from "#sync";
import { sayError } from "../../../app/errors.tsx";
import { go } from "../../../app/router.ts";
import type { Lesson } from "../../../app/rows.ts";
import { useEngine } from "../../../app/use.ts";
import { Notice } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import type { Bench } from "../bench.ts";
import { blobsOf } from "../blobs.ts";
import { blocksOf, filesOf, finished, splitAt } from "../editing.ts";
import { placeAmong } from "../outline.ts";
import { useLessons } from "../staff.ts";

export interface SplitProps {
  readonly lesson: Lesson;
  readonly bench: Bench;
  readonly onDone: () => void;
}

/** The second half becomes the next lesson. */
export function Split({ lesson, bench, onDone }: SplitProps) {
  const engine = useEngine();
  const lessons = useLessons(lesson.course_id);
  const [problem, setProblem] = useState<string>();

  async function split(): Promise<void> {
    const blocks = finished(blocksOf(bench.items));
    const at = splitAt(blocks);
    const id = newId();
    const title = `${lesson.title.slice(0, 251)} (2)`;
    const home = lessons.filter((one) => one.section_id === lesson.section_id && one.id !== id);
    const sorted = home.sort((a, b) => (String(a.rank) < String(b.rank) ? -1 : 1));
    const rank = placeAmong(sorted, sorted.findIndex((one) => one.id === lesson.id) + 1, id);
    const { course_id, section_id } = lesson;
    try {
      await engine.command(
        "catalog.lesson.add",
        { id, course_id, section_id, title, rank, blocks: blocks.slice(at) },
        { title, blobs: await blobsOf(engine, filesOf(blocks.slice(at))) },
      );
    } catch (error) {
      setProblem(sayError(error));
      return;
    }
    bench.replace(blocks.slice(0, at));
    onDone();
    engine.sync();
    go(`/teach/${course_id}/edit`);
  }

  return (
    <Notice tone="warn">
      <p>{problem ?? t("authoring.too_large")}</p>
      <button type="button" class="button" onClick={() => void split()}>
        {t("authoring.split")}
      </button>
    </Notice>
  );
}
