/** What happened while the person was away. Opening one marks it as read, offline too. */

import { Page } from "../../../app/page.tsx";
import { isUnread, type Notification } from "../../../app/rows.ts";
import { useEngine, useRows } from "../../../app/use.ts";
import type { IconName } from "../../../ui/icon-names.ts";
import { Empty, Icon } from "../../../ui/parts.tsx";
import { formatAgo, instant } from "../../../words/format.ts";
import { t } from "../../../words/index.ts";
import { sayNotification } from "../words.ts";

export function NotificationsScreen() {
  const engine = useEngine();
  const { rows, isLoading } = useRows<Notification>("notifications.notifications");
  const newest = [...rows].sort((a, b) => (instant(b.created_at) ?? 0) - (instant(a.created_at) ?? 0));
  const unread = newest.filter((row) => isUnread(row));

  async function markRead(notes: readonly Notification[]): Promise<void> {
    const read_at = new Date().toISOString();
    for (const note of notes) {
      await engine.patch("notifications.notifications", note.id, { read_at }, { title: note.title });
    }
  }

  return (
    <Page title={t("notes.title")} back="/">
      {unread.length > 1 && (
        <div>
          <button type="button" class="button quiet" onClick={() => void markRead(unread)}>
            <Icon name="check-check" />
            {t("notes.all_read")}
          </button>
        </div>
      )}
      {newest.length > 0 ? (
        <ul class="list plain">
          {newest.map((note) => {
            const said = sayNotification(note);
            const at = instant(note.created_at);
            return (
              <li key={note.id}>
                <a class="line" href={hrefOf(note)} onClick={() => void (isUnread(note) && markRead([note]))}>
                  <Icon name={iconOf(note.kind)} />
                  <span class="grow">
                    <span class={isUnread(note) ? "strong" : ""}>{said.title}</span>
                    {isUnread(note) && <span class="hidden"> ({t("notes.new")})</span>}
                    <br />
                    <span class="soft small">
                      {[said.message, at === null ? "" : formatAgo(at)].filter(Boolean).join(" · ")}
                    </span>
                  </span>
                  {isUnread(note) && <span class="unread" aria-hidden="true" />}
                  <Icon name="chevron-right" />
                </a>
              </li>
            );
          })}
        </ul>
      ) : (
        !isLoading && (
          <Empty icon="bell" title={t("notes.none")}>
            <p>{t("notes.none_hint")}</p>
          </Empty>
        )
      )}
    </Page>
  );
}

function iconOf(kind: string): IconName {
  if (kind.startsWith("attempt.")) return "graduation-cap";
  return /^(question|answer)\./.test(kind) ? "message-circle-question" : "bell";
}

function hrefOf(note: Notification): string {
  if (note.reference_id === null) return "/notifications";
  if (note.reference_type === "attempt") return `/attempts/${note.reference_id}/result`;
  if (note.reference_type === "question") return `/questions/${note.reference_id}`;
  if (note.reference_type === "course") return `/courses/${note.reference_id}`;
  return "/notifications";
}
