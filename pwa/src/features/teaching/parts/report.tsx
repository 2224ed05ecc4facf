/** What became of each item of an import: nothing is lost in silence. */

import { useState } from "preact/hooks";
import type { Course } from "../../../app/rows.ts";
import { useRows } from "../../../app/use.ts";
import { Chip, Icon, Notice } from "../../../ui/parts.tsx";
import { formatNumber } from "../../../words/format.ts";
import { t, type Word, word } from "../../../words/index.ts";
import type { ImportItem, ImportJob } from "../imports.ts";

type Status = ImportItem["status"];

const LOOKS: Readonly<Record<Status, { name: Word; tone: "good" | "warn" | "plain" | "bad" }>> = {
  ok: { name: word("report.ok"), tone: "good" },
  partial: { name: word("report.partial"), tone: "warn" },
  skipped: { name: word("report.skipped"), tone: "plain" },
  failed: { name: word("report.failed"), tone: "bad" },
};
const ORDER: readonly Status[] = ["failed", "skipped", "partial", "ok"];
const SHOWN_MAX = 200;

export function Report({ job, onAgain }: { job: ImportJob; onAgain: () => void }) {
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
        <Notice tone="good">{t("report.done")}</Notice>
      )}
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
        {course && (
          <a class="button main" href={`/courses/${course.id}`}>
            <Icon name="book-open" />
            {t("report.look")}
          </a>
        )}
        <button type="button" class="button" onClick={onAgain}>
          {t("report.again")}
        </button>
      </div>
    </section>
  );
}
