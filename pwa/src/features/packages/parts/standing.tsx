/** What came of a package, in a word and a number. */

import { Chip } from "../../../ui/parts.tsx";
import { formatPpm } from "../../../words/format.ts";
import { t } from "../../../words/index.ts";
import type { ResultRow } from "../rows.ts";

type Told = Pick<ResultRow, "score_ppm" | "completed_at" | "passed_at">;

export function Standing({ result }: { result: Told | undefined }) {
  if (!result) return null;
  const isDone = result.completed_at !== null && result.completed_at !== undefined;
  const isPassed = result.passed_at !== null && result.passed_at !== undefined;
  return (
    <p class="row">
      {isPassed && (
        <Chip tone="good" icon="circle-check">
          {t("packages.passed")}
        </Chip>
      )}
      {isDone && !isPassed && (
        <Chip tone="good" icon="check">
          {t("packages.completed")}
        </Chip>
      )}
      {!isDone && !isPassed && <Chip icon="clock">{t("packages.begun")}</Chip>}
      {typeof result.score_ppm === "number" && (
        <Chip>{t("packages.score", { part: formatPpm(result.score_ppm) })}</Chip>
      )}
    </p>
  );
}
