/** A question's words, and the pictures among them: what draws those is fetched when there are any. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { inWords, partsOf } from "../pictures.ts";

const drawn = signal<typeof import("./item-picture.tsx").ItemPicture | null>(null);

function learnToDraw(): void {
  import("./item-picture.tsx").then(
    (file) => {
      drawn.value = file.ItemPicture;
    },
    () => {}, // Offline on a phone that never had it: what it shows stands in words; the next look tries again.
  );
}

export function Words({ text, courseId }: { text: string; courseId: string }) {
  const parts = partsOf(text);
  const wants = parts.some((part) => typeof part !== "string") && drawn.value === null;
  useEffect(() => {
    if (wants) learnToDraw();
  }, [wants]);
  const Picture = drawn.value;
  return (
    <>
      {parts.map((part, place) => {
        if (typeof part === "string") return part;
        if (Picture === null) return ` ${inWords(`![${part.alt}](file:${part.fileId})`)} `;
        return <Picture key={`${place}:${part.fileId}`} fileId={part.fileId} alt={part.alt} courseId={courseId} />;
      })}
    </>
  );
}
