/** Notifications in the person's own language; kinds of a newer server in the server's words. */

import type { Notification } from "../../app/rows.ts";
import { formatPpm } from "../../words/format.ts";
import { t } from "../../words/index.ts";

export function sayNotification(note: Notification): { title: string; message: string } {
  const data = note.data ?? {};
  const about = typeof data.title === "string" ? data.title : note.message;
  if (/^questions\..*answer(ed)?$/.test(note.kind)) return { title: t("notes.answered"), message: about };
  if (/accepted$/.test(note.kind)) return { title: t("notes.accepted"), message: about };
  if (/^questions\..*ask(ed)?$/.test(note.kind)) return { title: t("notes.asked"), message: about };
  if (/graded$/.test(note.kind)) {
    const score = typeof data.score_ppm === "number" ? formatPpm(data.score_ppm) : "";
    return { title: score ? t("notes.graded", { score }) : t("notes.graded_plain"), message: about };
  }
  return { title: note.title, message: note.message };
}
