/** A change that met another's where learners read: it is kept beside the lesson, and both can be looked at here. */

import { useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import type { Lesson } from "../../../app/rows.ts";
import { useEngine } from "../../../app/use.ts";
import { Notice } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import { readBlocks } from "../../catalog/blocks.ts";
import type { Bench } from "../bench.ts";
import { mergeBlocks } from "../conflicts.ts";
import { blocksOf } from "../editing.ts";
import { useWishes } from "../staff.ts";

export function Met({ lesson, bench }: { lesson: Lesson; bench: Bench }) {
  const met = useWishes(new Set([lesson.id])).filter(
    (item) =>
      item.name === "catalog.lesson_texts" &&
      item.state === "not_accepted" &&
      item.code === "record.changed" &&
      !bench.settles.includes(item.identity),
  );
  const engine = useEngine();
  const [problem, setProblem] = useState<string>();
  if (met.length === 0) return null;

  async function lay(): Promise<void> {
    const whole = await Promise.all(met.map((item) => engine.whole(item)));
    let blocks = blocksOf(bench.items);
    for (const { args } of whole) {
      const edit = args.blocks as { readonly was?: unknown; readonly now?: unknown } | undefined; // As our own Save wrote it.
      blocks = mergeBlocks(readBlocks(edit?.was), readBlocks(edit?.now), blocks);
    }
    bench.replace(
      blocks,
      met.map((item) => item.identity),
    );
  }

  return (
    <Notice tone="warn">
      <p>{problem ?? t("authoring.met")}</p>
      <button type="button" class="button" onClick={() => void lay().catch((error) => setProblem(sayError(error)))}>
        {t("authoring.met_look")}
      </button>
    </Notice>
  );
}
