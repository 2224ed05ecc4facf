/** The fields of blocks that are not plain words. */

import { useRef } from "preact/hooks";
import { Field } from "../../../ui/parts.tsx";
import { t, type Word, word } from "../../../words/index.ts";
import { ChooseTest } from "../../bank/parts/choose-test.tsx";
import type { Block, MathBlock, NoteBlock } from "../../catalog/blocks.ts";
import { BlockView } from "../../catalog/parts/blocks.tsx";
import { blocksOf, INNER_KINDS, keyed, settled } from "../editing.ts";
import { Desk } from "./desk.tsx";
import { type EditorProps, First, Long } from "./fields.tsx";
import { RichInput } from "./rich-input.tsx";
import { ListEditor, TableEditor } from "./rows-editor.tsx";

const LATEX_LENGTH_MAX = 2_000;
const CODE_LENGTH_MAX = 20_000;

export function OtherEditor(props: EditorProps) {
  const { block, courseId, onChange } = props;
  switch (block.type) {
    case "list":
      return <ListEditor {...props} block={block} />;
    case "table":
      return <TableEditor {...props} block={block} />;
    case "note":
      return <Note {...props} block={block} />;
    case "quote":
      return <Quote {...props} block={block} />;
    case "math":
      return <Formula {...props} block={block} />;
    case "exercise":
      return <Exercise {...props} block={block} />;
    case "definition":
      return (
        <>
          <RichInput
            label={t("authoring.k_definition")}
            html={block.term}
            isFirst
            onInput={(term) => onChange({ ...block, term })}
          />
          <RichInput
            label={t("authoring.meaning")}
            html={block.html}
            onInput={(html) => onChange({ ...block, html })}
          />
        </>
      );
    case "code":
      return (
        <Long
          label={t("authoring.k_code")}
          value={block.text}
          max={CODE_LENGTH_MAX}
          onInput={(text) => onChange({ ...block, text })}
        />
      );
    default:
      return <BlockView block={block} place={{ courseId, isTeacher: true }} />;
  }
}

const NOTES: readonly { kind: NoteBlock["kind"]; name: Word }[] = [
  { kind: "info", name: word("note.info") },
  { kind: "example", name: word("note.example") },
  { kind: "tip", name: word("note.tip") },
  { kind: "warning", name: word("note.warning") },
  { kind: "exercise", name: word("note.exercise") },
  { kind: "solution", name: word("note.solution") },
  { kind: "teacher", name: word("note.teacher") },
];

function Note(props: EditorProps<NoteBlock>) {
  const { block, onChange } = props;
  const { title: _title, folded: _folded, ...plain } = block;
  return (
    <>
      <Field label={t("authoring.note_kind")}>
        {(field) => (
          <select
            {...field}
            onChange={(event) => onChange({ ...block, kind: event.currentTarget.value as NoteBlock["kind"] }, true)} // One of NOTES.
          >
            {NOTES.map(({ kind, name }) => (
              <option key={kind} value={kind} selected={kind === block.kind}>
                {t(name)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <First
        label={t("authoring.name")}
        value={block.title ?? ""}
        onInput={(title) => onChange(title === "" ? { ...plain, ...foldedOf(block) } : { ...block, title })}
      />
      <label class="row">
        <input
          type="checkbox"
          checked={block.folded ?? false}
          onChange={(event) => {
            const { folded: _was, ...open } = block;
            onChange(event.currentTarget.checked ? { ...block, folded: true } : open, true);
          }}
        />
        {t("authoring.folded")}
      </label>
      <Inside {...props} blocks={block.blocks} onBlocks={(blocks, isStep) => onChange(holding(blocks), isStep)} />
    </>
  );
}

const foldedOf = (block: NoteBlock) => (block.folded ? { folded: true } : {});

function Quote(props: EditorProps<Extract<Block, { type: "quote" }>>) {
  const { block, onChange } = props;
  const { source: _source, ...plain } = block;
  return (
    <>
      <Inside {...props} blocks={block.blocks} onBlocks={(blocks, isStep) => onChange(holding(blocks), isStep)} />
      <First
        label={t("authoring.source")}
        value={block.source ?? ""}
        onInput={(source) => onChange(source === "" ? plain : { ...block, source })}
      />
    </>
  );
}

const holding = (blocks: readonly Block[]) => (now: Block) => ("blocks" in now ? { ...now, blocks } : now);

interface InsideProps extends EditorProps {
  readonly blocks: readonly Block[];
  readonly onBlocks: (blocks: readonly Block[], isStep: boolean) => void;
}

/** Blocks within a block, on a desk of their own. */
function Inside({ blocks, onBlocks, courseId, depth, onBusy, say }: InsideProps) {
  const items = useRef(keyed([], blocks));
  items.current = keyed(items.current, blocks);
  return (
    <div class="inside">
      <Desk
        items={items.current}
        kinds={INNER_KINDS}
        courseId={courseId}
        depth={depth + 1}
        onBusy={onBusy}
        say={say}
        onChange={(now, isStep) => {
          items.current = settled(now, items.current);
          onBlocks(blocksOf(items.current), isStep);
        }}
      />
    </div>
  );
}

function Formula({ block, courseId, onChange }: EditorProps<MathBlock>) {
  const isOurs = block.latex !== undefined;
  return (
    <>
      {block.mathml !== "" && (
        <div class="lesson">
          <BlockView block={block} place={{ courseId, isTeacher: true }} />
        </div>
      )}
      {isOurs && (
        <Long
          label={t("authoring.latex")}
          hint={t("authoring.latex_hint")}
          value={block.latex ?? ""}
          max={LATEX_LENGTH_MAX}
          onInput={(latex) => onChange({ ...block, latex, mathml: "" })}
        />
      )}
      <First label={t("authoring.alt_math")} value={block.alt} onInput={(alt) => onChange({ ...block, alt })} />
    </>
  );
}

function Exercise({ block, courseId, onChange }: EditorProps<Extract<Block, { type: "exercise" }>>) {
  const { prompt: _prompt, ...silent } = block;
  const { assessment_id: _test, ...paper } = block;
  return (
    <>
      <RichInput
        label={t("authoring.task")}
        html={block.prompt ?? ""}
        isFirst
        onInput={(prompt) => onChange(prompt === "" ? silent : { ...block, prompt })}
      />
      <p class="soft small">{t("authoring.task_hint")}</p>
      <ChooseTest
        courseId={courseId}
        value={block.assessment_id}
        onChoose={(id) => onChange(id === undefined ? paper : { ...block, assessment_id: id }, true)}
      />
    </>
  );
}
