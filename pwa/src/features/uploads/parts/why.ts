/** Why a file was not taken. In English the server's own sentence, which names sizes; in other languages ours. */

import type { Upload } from "../../../uploads/types.ts";
import { language, t, word } from "../../../words/index.ts";

const WHY: Readonly<Record<string, ReturnType<typeof word>>> = {
  "file.empty": word("uploads.why_empty"),
  "file.damaged": word("uploads.why_damaged"),
  "file.type_mismatch": word("uploads.why_other"),
  "file.active": word("uploads.why_active"),
  "file.polyglot": word("uploads.why_two"),
  "file.infected": word("uploads.why_infected"),
  "image.too_large": word("uploads.why_pixels"),
  "video.too_long": word("uploads.why_film_long"),
  "video.too_large": word("uploads.why_film_large"),
  "video.no_picture": word("uploads.why_film_blind"),
  "audio.too_long": word("uploads.why_sound_long"),
  "pdf.encrypted": word("uploads.why_locked"),
  "pdf.too_many_pages": word("uploads.why_pages"),
  "media.too_costly": word("uploads.why_costly"),
  "media.broken": word("uploads.why_broken"),
  "upload.damaged": word("uploads.why_lost_parts"),
  "upload.type": word("uploads.why_type"),
  "upload.too_large": word("uploads.why_large"),
  "archive.too_many_entries": word("uploads.why_archive"),
  "archive.too_large": word("uploads.why_archive"),
  "archive.bad_path": word("uploads.why_archive"),
  "archive.link": word("uploads.why_archive"),
  "archive.bomb": word("uploads.why_archive"),
  "archive.encrypted": word("uploads.why_archive"),
};

export function sayWhy({ code, message }: Upload): string | null {
  const ours = code === null ? undefined : WHY[code];
  return ours === undefined || (message && language.value === "en") ? message : t(ours);
}
