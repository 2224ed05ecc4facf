/** What more than words a text holds, below its field: pictures seen, described, taken out, put in; and marks of formulas. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import { useEngine } from "../../../app/use.ts";
import { Icon, Notice } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import { Words } from "../../assessments/parts/words.tsx";
import { described, picturesIn, withFormula, withoutPicture, withPicture } from "../marks.ts";

const TYPES = "image/jpeg,image/png,image/webp,image/gif";
const SHOWN_MAX = 20; // Of a question, as files bring them.

interface PicturesProps {
  readonly text: string;
  readonly name: string; // Of the field.
  readonly courseId?: string; // None: only words and formulas may stand in it.
  readonly onText: (text: string) => void;
}

/** The field that these stand below. */
const fieldOf = (here: Element | null) =>
  here?.closest(".stack")?.querySelector<HTMLTextAreaElement | HTMLInputElement>("textarea, input");

export function Pictures(props: PicturesProps) {
  const { text, name, courseId, onText } = props;
  const engine = useEngine();
  const input = useRef<HTMLInputElement>(null);
  const row = useRef<HTMLDivElement>(null);
  const newest = useRef<PicturesProps | null>(props);
  const [problem, setProblem] = useState<string>();
  newest.current = props; // Words may be typed while a file is read, here and in other fields.
  useEffect(
    () => () => {
      newest.current = null;
    },
    [],
  );
  const pictures = picturesIn(text);

  async function take(file: File | undefined): Promise<void> {
    if (!file || !courseId) return;
    const place = fieldOf(row.current)?.selectionStart ?? Number.POSITIVE_INFINITY;
    setProblem(undefined);
    try {
      const [{ uploadsOf }, { keepChosen }] = await Promise.all([
        import("../../../uploads/use.ts"),
        import("../../authoring/chosen.ts"),
      ]);
      const uploads = await uploadsOf(engine);
      const { fileId } = await uploads.add(file, { purpose: "course", purposeId: courseId });
      keepChosen(fileId, file);
      newest.current?.onText(withPicture(newest.current.text, place, fileId));
    } catch (error) {
      setProblem(sayError(error));
    }
  }

  /** Around what is selected; the cursor is between the marks. */
  function putFormula(): void {
    const field = fieldOf(row.current);
    if (!field) return;
    const [from, to] = [field.selectionStart ?? 0, field.selectionEnd ?? 0];
    onText(withFormula(text, from, to));
    setTimeout(() => {
      field.focus();
      field.setSelectionRange(from + 2, to + 2); // When the marks are there.
    });
  }

  const choose = () => input.current?.click();

  return (
    <>
      {pictures.map(({ fileId, alt }, index) => (
        <div key={`${index}:${fileId}`} class="picture-row">
          <span class="soft number">▣{index + 1}</span>
          <div class="stack tight">
            <Words text={`![${alt}](file:${fileId})`} courseId={courseId ?? ""} />
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
      <div class="row" ref={row}>
        {courseId && (
          <Put name={name} words={t("bank.picture_put")} isFull={pictures.length >= SHOWN_MAX} onPut={choose}>
            <Icon name="image" />
          </Put>
        )}
        <Put name={name} words={t("bank.formula_put")} onPut={putFormula}>
          <span aria-hidden="true">√x</span>
        </Put>
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

interface PutProps {
  readonly name: string;
  readonly words: string;
  readonly isFull?: boolean;
  readonly onPut: () => void;
  readonly children: ComponentChildren;
}

/** The cursor must stay in the text: where it stands is where the thing goes. */
function Put({ name, words, isFull = false, onPut, children }: PutProps) {
  return (
    <button
      type="button"
      class="button quiet put"
      disabled={isFull}
      onMouseDown={(event) => event.preventDefault()}
      onClick={onPut}
    >
      {children}
      {words}
      <span class="hidden">: {name}</span>
    </button>
  );
}
