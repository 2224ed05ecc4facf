/** The files of one lesson that is read over the network: what each weighs, before anything of it comes. */

import { accessToken } from "../../app/auth.ts";
import { Refused, request } from "../../app/http.ts";
import type { MediaFile, Rendition } from "../../app/rows.ts";
import { thisPhone } from "../../media/quality.ts";
import type { Weighed } from "./own.ts";

interface Answer {
  readonly lessons: readonly { readonly files: readonly Named[] }[];
}

type Named = Rendition & { readonly file_id: string; readonly attribution?: string };

/** What this phone would take of each. Raises Refused, and TypeError with no network. */
export async function weigh(userId: string, courseId: string, lessonId: string): Promise<Weighed> {
  const { width, ratio, hasOpus, isSaving } = thisPhone();
  const quality = isSaving ? "low" : "normal";
  const asked = new URLSearchParams({
    quality,
    lesson: lessonId,
    width: `${width}`,
    ratio: `${ratio}`,
    opus: `${hasOpus}`,
  });
  const headers = { authorization: `Bearer ${(await accessToken(userId)) ?? ""}` };
  try {
    const { lessons } = await request<Answer>("GET", `/api/v1/courses/${courseId}/pack?${asked}`, { headers });
    return asRows(lessons.flatMap((lesson) => lesson.files));
  } catch (error) {
    throw error instanceof Refused && error.code === "network.offline" ? new TypeError(error.code) : error;
  }
}

/** As the course's rows would name them, each with what was chosen of it alone. */
export function asRows(files: readonly Named[]): Weighed {
  const found = new Map<string, MediaFile>();
  for (const { file_id: id, attribution = null, ...one } of files) {
    const { variants, renditions = [] } = found.get(id) ?? { variants: [] };
    const isPicture = /^w\d+$/.test(one.name);
    const made = isPicture ? renditions : [...renditions, one];
    const row = { id, sha256: "", mime: one.mime, licence: null, attribution };
    const sizes = isPicture
      ? [...variants, { ...one, width: one.width ?? null, height: one.height ?? null }]
      : variants;
    found.set(id, { ...row, kind: kindOf(made), variants: sizes, renditions: made });
  }
  return found;
}

function kindOf(made: readonly Rendition[]): NonNullable<MediaFile["kind"]> {
  const has = (name: RegExp) => made.some((one) => name.test(one.name));
  if (has(/^v\d+$/)) return "video";
  if (has(/^(opus|mp3)$/)) return "audio";
  if (has(/^captions\./)) return "captions";
  if (has(/^package$/)) return "package";
  return has(/^pdf$/) ? "document" : "image";
}
