/** The fields of one block, by its kind. */

import { useEffect } from "preact/hooks";
import { NotHere } from "../../../app/errors.tsx";
import { useLater } from "../../../app/later.ts";
import { Field } from "../../../ui/parts.tsx";
import { t, type Word, word } from "../../../words/index.ts";
import type { Block } from "../../catalog/blocks.ts";
import { type EditorProps, First } from "./fields.tsx";
import { RichInput } from "./rich-input.tsx";

/** Most lessons are words: what else there is, and what sends files, are scripts of their own. */
const LATER = {
  other: () => import("./other-editors.tsx").then((file) => file.OtherEditor),
  file: () => import("./file-block.tsx").then((file) => file.FileEditor),
} as const;

export function BlockEditor(props: EditorProps) {
  const { block } = props;
  useEffect(() => {
    for (const load of Object.values(LATER)) load().catch(() => undefined); // So that it is here when it is wanted; asked for again then.
  }, []);
  switch (block.type) {
    case "paragraph":
      return <Paragraph {...props} block={block} />;
    case "heading":
      return <Heading {...props} block={block} />;
    case "image":
    case "video":
    case "audio":
    case "document":
      return <Later {...props} what="file" />;
    default:
      return <Later {...props} what="other" />;
  }
}

function Later({ what, ...props }: EditorProps & { what: keyof typeof LATER }) {
  const { Part, problem } = useLater(LATER[what]);
  if (problem !== undefined) return <NotHere why={problem} />;
  return Part && <Part {...props} />;
}

function Paragraph({ block, onChange, onNext, onBack }: EditorProps<Extract<Block, { type: "paragraph" }>>) {
  const next = (html: string): Block => ({ type: "paragraph", html });
  return (
    <RichInput
      label={t("authoring.k_paragraph")}
      html={block.html}
      isFirst
      onInput={(html) => onChange({ ...block, html })}
      onEnter={(before, behind) => onNext({ ...block, html: before }, next(behind))}
      onLines={(lines) => onNext(block, ...lines.map(next))}
      onBack={onBack}
    />
  );
}

const SIZES: Readonly<Record<2 | 3 | 4, Word>> = {
  2: word("authoring.level_2"),
  3: word("authoring.level_3"),
  4: word("authoring.level_4"),
};

function Heading({ block, onChange, onNext }: EditorProps<Extract<Block, { type: "heading" }>>) {
  return (
    <>
      <First
        label={t("authoring.k_heading")}
        value={block.text}
        onInput={(text) => onChange({ ...block, text })}
        onEnter={() => onNext(block, { type: "paragraph", html: "" })}
      />
      <Field label={t("authoring.size")}>
        {(props) => (
          <select
            {...props}
            onChange={(event) => onChange({ ...block, level: Number(event.currentTarget.value) as 2 | 3 | 4 }, true)} // One of the three below.
          >
            {([2, 3, 4] as const).map((level) => (
              <option key={level} value={level} selected={level === block.level}>
                {t(SIZES[level])}
              </option>
            ))}
          </select>
        )}
      </Field>
    </>
  );
}
