/** A picture of a question, shown as lessons show theirs: from the phone, else on request with its size said first. */

import "./item-picture.css";
import type { MediaFile } from "../../../app/rows.ts";
import { useCourseBucket, useRow } from "../../../app/use.ts";
import { t } from "../../../words/index.ts";
import { Picture } from "../../catalog/parts/picture.tsx";

const SIGN_PX = 64; // Up to this height it stands among the words: a sign, a formula.

export function ItemPicture({ fileId, alt, courseId }: { fileId: string; alt: string; courseId: string }) {
  const { row: file } = useRow<MediaFile>("media.files", fileId, useCourseBucket(courseId));
  const largest = file?.variants.at(-1);
  const isSmall = (largest?.height ?? SIGN_PX + 1) <= SIGN_PX;
  const size = { width: largest?.width ?? 1, height: largest?.height ?? 1 };
  return (
    <span class={isSmall ? "item-picture sign" : "item-picture"}>
      <Picture block={{ type: "image", file_id: fileId, alt: alt || t("item.picture"), ...size }} courseId={courseId} />
    </span>
  );
}
