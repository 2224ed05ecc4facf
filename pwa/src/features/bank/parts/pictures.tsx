/** The pictures of a text, below its field: seen, described, taken out, and one more put in. */

import { useRef, useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import { useEngine } from "../../../app/use.ts";
import { Icon, Notice } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import { Words } from "../../assessments/parts/words.tsx";
import { described, picturesIn, withoutPicture, withPicture } from "../marks.ts";

const TYPES = "image/jpeg,image/png,image/webp,image/gif";
const SHOWN_MAX = 20; // Of a question, as files bring them.

interface PicturesProps {
  readonly text: string;
  readonly name: string; // Of the field.
  readonly courseId: string;
  readonly at?: () => number | undefined; // Where in the field the next one goes: else behind its words.
  readonly onText: (text: string) => void;
}

export function Pictures({ text, name, courseId, at, onText }: PicturesProps) {
  const engine = useEngine();
  const input = useRef<HTMLInputElement>(null);
  const newest = useRef(text);
  const [problem, setProblem] = useState<string>();
  newest.current = text; // Words may be typed while a file is read.
  const pictures = picturesIn(text);

  async function take(file: File | undefined): Promise<void> {
    if (!file) return;
    const place = at?.() ?? Number.POSITIVE_INFINITY;
    setProblem(undefined);
    try {
      const [{ uploadsOf }, { keepChosen }] = await Promise.all([
        import("../../../uploads/use.ts"),
        import("../../authoring/chosen.ts"),
      ]);
      const uploads = await uploadsOf(engine);
      const { fileId } = await uploads.add(file, { purpose: "course", purposeId: courseId });
      keepChosen(fileId, file);
      onText(withPicture(newest.current, place, fileId));
    } catch (error) {
      setProblem(sayError(error));
    }
  }

  return (
    <>
      {pictures.map(({ fileId, alt }, index) => (
        <div key={`${index}:${fileId}`} class="picture-row">
          <span class="soft number">▣{index + 1}</span>
          <div class="stack tight">
            <Words text={`![${alt}](file:${fileId})`} courseId={courseId} />
            <input
              class="small"
              aria-label={t("bank.picture_says", { n: index + 1 })}
              placeholder={t("bank.picture_says", { n: index + 1 })}
              maxLength={200}
              value={alt}
              onInput={(event) => onText(described(text, index, event.currentTarget.value))}
            />
          </div>
          <button
            type="button"
            class="button quiet round"
            aria-label={t("bank.take_out", { name: t("bank.picture_n", { n: index + 1 }) })}
            onClick={() => onText(withoutPicture(text, index))}
          >
            <Icon name="trash-2" />
          </button>
        </div>
      ))}
      {problem && <Notice tone="bad">{problem}</Notice>}
      <div>
        {/* The cursor must stay in the text: where it stands is where the picture goes. */}
        <button
          type="button"
          class="button quiet put-picture"
          disabled={pictures.length >= SHOWN_MAX}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => input.current?.click()}
        >
          <Icon name="image" />
          {t("bank.picture_put")}
          <span class="hidden">: {name}</span>
        </button>
        <input
          ref={input}
          hidden
          type="file"
          accept={TYPES}
          onChange={(event) => {
            void take(event.currentTarget.files?.[0]);
            event.currentTarget.value = ""; // The same file again is a choice again.
          }}
        />
      </div>
    </>
  );
}
