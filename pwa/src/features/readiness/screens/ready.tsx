/** Which learners have the course on their phones, as the phones told when they last had a network. */

import type { Row } from "#sync";
import { Page } from "../../../app/page.tsx";
import type { Course, Instant } from "../../../app/rows.ts";
import { useRow, useRows } from "../../../app/use.ts";
import { Chip, Empty } from "../../../ui/parts.tsx";
import { formatAgo, formatBytes, instant } from "../../../words/format.ts";
import { t } from "../../../words/index.ts";

type Readiness = Row & {
  course_id: string;
  learner_name: string;
  rows_ready: boolean;
  files_ready: number;
  files_wanted: number;
  bytes: number;
  checked_at: Instant;
};

const SHOWN_MAX = 500;

export function ReadyScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const courseId = params.courseId ?? "";
  const staff = `course-staff:${courseId}`;
  const course = useRow<Course>("catalog.courses", courseId, staff).row;
  const { rows, isLoading } = useRows<Readiness>("catalog.readiness", staff);
  const phones = [...rows].sort((a, b) => a.learner_name.localeCompare(b.learner_name));
  const ready = phones.filter(isReady).length;
  return (
    <Page title={t("play.ready_title")} lead={course?.title} back="/teach">
      {phones.length === 0 && !isLoading && (
        <Empty icon="smartphone" title={t("play.ready_none")}>
          <p>{t("play.ready_none_hint")}</p>
        </Empty>
      )}
      {phones.length > 0 && <p class="strong">{t("play.ready_count", { n: ready, of: phones.length })}</p>}
      <ul class="list plain">
        {phones.slice(0, SHOWN_MAX).map((phone) => (
          <li key={phone.id} class="line">
            <span class="grow">
              {phone.learner_name}
              <br />
              <span class="soft small">
                {formatBytes(phone.bytes)} · {formatAgo(instant(phone.checked_at) ?? 0)}
              </span>
            </span>
            {isReady(phone) ? (
              <Chip tone="good" icon="circle-check">
                {t("download.ready")}
              </Chip>
            ) : (
              <Chip tone="warn">{t("play.ready_part", { n: phone.files_ready, of: phone.files_wanted })}</Chip>
            )}
          </li>
        ))}
      </ul>
    </Page>
  );
}

const isReady = (phone: Readiness) => phone.rows_ready && phone.files_ready === phone.files_wanted;
