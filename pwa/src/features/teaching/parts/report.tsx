/** What became of each item of an import: nothing is lost in silence. */

import { useState } from "preact/hooks";
import type { Course } from "../../../app/rows.ts";
import { useRows } from "../../../app/use.ts";
import { Chip, Icon, Notice } from "../../../ui/parts.tsx";
import { formatBytes, formatNumber } from "../../../words/format.ts";
import { t, type Word, word } from "../../../words/index.ts";
import type { ImportItem, ImportJob, Sums } from "../imports.ts";

type Status = ImportItem["status"];

const LOOKS: Readonly<Record<Status, { name: Word; tone: "good" | "warn" | "plain" | "bad" }>> = {
  ok: { name: word("report.ok"), tone: "good" },
  partial: { name: word("report.partial"), tone: "warn" },
  skipped: { name: word("report.skipped"), tone: "plain" },
  failed: { name: word("report.failed"), tone: "bad" },
};
const ORDER: readonly Status[] = ["failed", "skipped", "partial", "ok"];
const SHOWN_MAX = 200;

interface Props {
  readonly job: ImportJob;
  readonly onAgain: () => void;
  readonly onApply: () => void;
}

export function Report({ job, onAgain, onApply }: Props) {
  const isTried = job.dry_run === true && job.state === "done";
  const items = job.report?.items ?? [];
  const [status, setStatus] = useState<Status | "lost">("lost");
  const count = (one: Status) => items.filter((item) => item.status === one).length;
  const shown = items.filter((item) => (status === "lost" ? item.status !== "ok" : item.status === status));
  const course = useRows<Course>("catalog.courses").rows.find((row) => row.slug === job.course_slug);
  const reason = typeof job.error === "string" ? job.error : job.error?.message;
  return (
    <section class="stack" aria-live="polite">
      {job.state === "failed" ? (
        <Notice tone="bad">
          <p class="strong">{t("report.nothing")}</p>
          {reason && <p>{reason}</p>}
        </Notice>
      ) : (
        <Notice tone={isTried ? "plain" : "good"}>{isTried ? t("portable.would") : t("report.done")}</Notice>
      )}
      {job.would && <Totals sums={job.would} />}
      <div class="row">
        {ORDER.filter((one) => count(one) > 0).map((one) => (
          <button
            key={one}
            type="button"
            class="button"
            aria-pressed={status === one}
            onClick={() => setStatus(status === one ? "lost" : one)}
          >
            <Chip tone={LOOKS[one].tone}>{formatNumber(count(one))}</Chip>
            {t(LOOKS[one].name)}
          </button>
        ))}
      </div>
      {shown.length > 0 && (
        <ul class="list plain">
          {shown.slice(0, SHOWN_MAX).map((item, index) => (
            <li key={index} class="line">
              <span class="grow">
                <span class="strong">{item.title || item.item}</span>
                {item.reason && (
                  <>
                    <br />
                    <span class="soft small">{item.reason}</span>
                  </>
                )}
              </span>
              <Chip tone={LOOKS[item.status].tone}>{t(LOOKS[item.status].name)}</Chip>
            </li>
          ))}
        </ul>
      )}
      {shown.length === 0 && items.length > 0 && <p class="soft">{t("report.all")}</p>}
      <div class="row">
        {isTried && (
          <button type="button" class="button main" onClick={onApply}>
            <Icon name="file-up" />
            {t("import.act")}
          </button>
        )}
        {course && !isTried && (
          <a class="button main" href={`/courses/${course.id}`}>
            <Icon name="book-open" />
            {t("report.look")}
          </a>
        )}
        <button type="button" class="button" onClick={onAgain}>
          {isTried ? t("portable.another") : t("report.again")}
        </button>
      </div>
    </section>
  );
}

function Totals({ sums }: { sums: Sums }) {
  const counted = [
    [t("portable.sections"), sums.sections],
    [t("portable.lessons"), sums.lessons],
    [t("portable.questions"), sums.questions],
    [t("portable.files"), sums.files],
  ] as const;
  const told = counted.filter(([, count]) => count > 0).map(([name, count]) => `${name}: ${formatNumber(count)}`);
  if (sums.bytes > 0) told.push(`${t("portable.size")}: ${formatBytes(sums.bytes)}`);
  return <p class="number">{told.join(" · ")}</p>;
}
