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
const REASONS_SHOWN = 3;

interface Props {
  readonly job: ImportJob;
  readonly onAgain: () => void;
  readonly onApply: () => void;
}

export function Report({ job, onAgain, onApply }: Props) {
  const isTried = job.dry_run === true && job.state === "done";
  const items = job.report?.items ?? [];
  const [status, setStatus] = useState<Status | "lost">("lost");
  const [most, setMost] = useState(SHOWN_MAX);
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
          {shown.slice(0, most).map((item, index) => (
            <Line key={`${status}${index}`} item={item} />
          ))}
        </ul>
      )}
      {shown.length > most && (
        <button type="button" class="button" onClick={() => setMost(most + SHOWN_MAX)}>
          {t("report.more", { n: formatNumber(shown.length - most) })}
        </button>
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

/** An item with all that was lost of it: the first reasons at once, the others when asked for. */
function Line({ item }: { item: ImportItem }) {
  const [isWhole, setWhole] = useState(false);
  const reasons = [...new Set((item.reasons ?? []).map((reason) => reason.message))];
  const shown = isWhole ? reasons : reasons.slice(0, REASONS_SHOWN);
  const cut = Math.max(0, (item.reasons_count ?? 0) - (item.reasons ?? []).length); // By the server.
  const left = reasons.length - shown.length + cut;
  return (
    <li class="line">
      <div class="grow">
        <span class="strong">{item.title || item.item}</span>
        {item.kind === "question" && item.title && <span class="soft small"> · {item.item}</span>}
        {shown.map((reason) => (
          <div key={reason} class="soft small">
            {reason}
          </div>
        ))}
        {left > 0 &&
          (isWhole ? (
            <div class="soft small">{t("report.more", { n: formatNumber(left) })}</div>
          ) : (
            <button type="button" class="button quiet" onClick={() => setWhole(true)}>
              {t("report.more", { n: formatNumber(left) })}
            </button>
          ))}
      </div>
      <Chip tone={LOOKS[item.status].tone}>{t(LOOKS[item.status].name)}</Chip>
    </li>
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
