/** Notifications in the person's own language; kinds of a newer server in the server's words. */

import type { Notification } from "../../app/rows.ts";
import { formatPpm } from "../../words/format.ts";
import { t } from "../../words/index.ts";

export function sayNotification(note: Notification): { title: string; message: string } {
  const data = note.data ?? {};
  const about = typeof data.title === "string" ? data.title : note.message;
  if (note.kind === "question.answered") return { title: t("notes.answered"), message: about };
  if (note.kind === "answer.accepted") return { title: t("notes.accepted"), message: about };
  if (note.kind === "question.asked") return { title: t("notes.asked"), message: about };
  if (note.kind === "security.new_device") return { title: t("notes.new_device"), message: t("notes.new_device_hint") };
  if (note.kind === "security.session_ended") return { title: t("notes.ended"), message: t("notes.ended_hint") };
  if (note.kind === "attempt.graded") {
    const score = typeof data.score_ppm === "number" ? formatPpm(data.score_ppm) : "";
    return { title: score ? t("notes.graded", { score }) : t("notes.graded_plain"), message: about };
  }
  return { title: note.title, message: note.message };
}
