/** Who changed what learners see, and when. */

import type { Row } from "#sync";
import { Page } from "../../../app/page.tsx";
import type { Instant } from "../../../app/rows.ts";
import { useRows } from "../../../app/use.ts";
import { Empty } from "../../../ui/parts.tsx";
import { formatAgo, instant } from "../../../words/format.ts";
import { t, type Word, word } from "../../../words/index.ts";
import { staffBucket, useDraft } from "../staff.ts";

type Revision = Row & {
  lesson_id: string | null;
  number: number;
  by_name: string;
  kind: "publish" | "edit" | "unpublish" | "duplicate";
  summary: Summary;
  created_at: Instant;
};

interface Summary {
  readonly added?: number;
  readonly removed?: number;
  readonly changed?: number;
  readonly moved?: boolean;
  readonly pairs?: readonly { readonly was: string | null; readonly now: string | null }[];
  readonly lesson?: "added" | "removed" | "renamed" | "";
  readonly title?: string;
}

const DONE: Readonly<Record<string, Word>> = {
  publish: word("authoring.h_publish"),
  unpublish: word("authoring.h_unpublish"),
  duplicate: word("authoring.h_duplicate"),
  added: word("authoring.h_added"),
  removed: word("authoring.h_removed"),
  renamed: word("authoring.h_renamed"),
  edit: word("authoring.h_edit"),
};

export function HistoryScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const { courseId = "" } = params;
  const { course } = useDraft(courseId);
  const { rows, isLoading } = useRows<Revision>("catalog.revisions", staffBucket(courseId));
  const newestFirst = [...rows].sort((a, b) => b.number - a.number || (a.id < b.id ? 1 : -1));
  return (
    <Page title={t("authoring.history")} lead={course?.title} back={`/teach/${courseId}/edit`}>
      {newestFirst.length === 0 && !isLoading && (
        <Empty icon="clock" title={t("authoring.no_history")}>
          <p>{t("authoring.no_history_hint")}</p>
        </Empty>
      )}
      <ol class="list plain">
        {newestFirst.map((revision) => (
          <li key={revision.id} class="line">
            <Line revision={revision} courseId={courseId} />
          </li>
        ))}
      </ol>
    </Page>
  );
}

function Line({ revision, courseId }: { revision: Revision; courseId: string }) {
  const { kind, summary, by_name, number, created_at } = revision;
  const done = DONE[summary.lesson || kind] ?? word("authoring.h_edit");
  const { added = 0, removed = 0, changed = 0, pairs = [] } = summary;
  const isOfText = kind === "edit" && !summary.lesson && revision.lesson_id !== null;
  return (
    <div class="stack tight grow">
      <p>
        <span class="strong">{by_name}</span> {t(done)}
        {summary.title ? ` “${summary.title}”` : ""}
      </p>
      {added + removed + changed > 0 && <p class="small">{counted(added, removed, changed)}</p>}
      {summary.moved && <p class="small">{t("authoring.h_order")}</p>}
      {pairs.map(({ was, now }, index) => (
        <p key={index} class="small">
          {was !== null && <del>{was}</del>} {now !== null && <ins>{now}</ins>}
        </p>
      ))}
      <p class="soft small">
        {t("authoring.revision", { n: number })} · {formatAgo(instant(created_at) ?? 0)}
      </p>
      {isOfText && (
        <a class="button quiet" href={`/teach/${courseId}/history/${revision.id}`}>
          {t("authoring.look_before")}
        </a>
      )}
    </div>
  );
}

/** "2 added, 1 changed": of the three only what there is. */
function counted(...counts: readonly number[]): string {
  const words = t("authoring.h_counts").split("|");
  const said = counts.map((n, index) => (n > 0 ? (words[index] ?? "").replace("{n}", String(n)) : ""));
  return said.filter((one) => one !== "").join(", ");
}
