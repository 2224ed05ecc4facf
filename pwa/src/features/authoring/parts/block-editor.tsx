/** The fields of one block, by its kind. */

import { useLayoutEffect, useRef } from "preact/hooks";
import type { Assessment } from "../../../app/rows.ts";
import { useRows } from "../../../app/use.ts";
import { Field } from "../../../ui/parts.tsx";
import { t, type Word, word } from "../../../words/index.ts";
import type { Block, MathBlock, NoteBlock } from "../../catalog/blocks.ts";
import { BlockView } from "../../catalog/parts/blocks.tsx";
import { blocksOf, INNER_KINDS, keyed } from "../editing.ts";
import { staffBucket } from "../staff.ts";
import { Desk } from "./desk.tsx";
import { FileBlock } from "./file-block.tsx";
import { RichInput } from "./rich-input.tsx";
import { ListEditor, TableEditor } from "./rows-editor.tsx";

const LINE_LENGTH_MAX = 500;
const LATEX_LENGTH_MAX = 2_000;
const CODE_LENGTH_MAX = 20_000;

export interface EditorProps<B extends Block = Block> {
  readonly block: B;
  readonly courseId: string;
  readonly depth: number;
  readonly onChange: (block: Block, isStep?: boolean) => void;
  readonly onNext: (block: Block, ...next: readonly Block[]) => void; // Others follow it.
  readonly onBack: () => void; // It was empty, and is not wanted.
  readonly say: (what: string) => void;
}

export function BlockEditor(props: EditorProps) {
  const { block, courseId, onChange } = props;
  switch (block.type) {
    case "paragraph":
      return <Paragraph {...props} block={block} />;
    case "heading":
      return <Heading {...props} block={block} />;
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
    case "image":
    case "video":
    case "audio":
    case "document":
      return <FileBlock {...props} block={block} />;
    case "exercise":
      return <Exercise {...props} block={block} />;
    case "definition":
      return (
        <>
          <RichInput
            label={t("authoring.term")}
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
    case "package":
      return <BlockView block={block} place={{ courseId, isTeacher: true }} />;
  }
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
      <Inside {...props} blocks={block.blocks} onBlocks={(blocks, isStep) => onChange({ ...block, blocks }, isStep)} />
    </>
  );
}

const foldedOf = (block: NoteBlock) => (block.folded ? { folded: true } : {});

function Quote(props: EditorProps<Extract<Block, { type: "quote" }>>) {
  const { block, onChange } = props;
  const { source: _source, ...plain } = block;
  return (
    <>
      <Inside {...props} blocks={block.blocks} onBlocks={(blocks, isStep) => onChange({ ...block, blocks }, isStep)} />
      <First
        label={t("authoring.source")}
        value={block.source ?? ""}
        onInput={(source) => onChange(source === "" ? plain : { ...block, source })}
      />
    </>
  );
}

interface InsideProps extends EditorProps {
  readonly blocks: readonly Block[];
  readonly onBlocks: (blocks: readonly Block[], isStep: boolean) => void;
}

/** Blocks within a block, on a desk of their own. */
function Inside({ blocks, onBlocks, courseId, depth, say }: InsideProps) {
  const items = useRef(keyed([], blocks));
  items.current = keyed(items.current, blocks);
  return (
    <div class="inside">
      <Desk
        items={items.current}
        kinds={INNER_KINDS}
        courseId={courseId}
        depth={depth + 1}
        say={say}
        onChange={(now, isStep) => {
          items.current = now;
          onBlocks(blocksOf(now), isStep);
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
  const tests = useRows<Assessment>("assessments.assessments", staffBucket(courseId)).rows;
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
      <Field label={t("authoring.test")}>
        {(props) => (
          <select
            {...props}
            onChange={(event) => {
              const id = event.currentTarget.value;
              onChange(id === "" ? paper : { ...block, assessment_id: id }, true);
            }}
          >
            <option value="">{t("authoring.no_test")}</option>
            {tests.map((test) => (
              <option key={test.id} value={test.id} selected={test.id === block.assessment_id}>
                {test.title}
              </option>
            ))}
          </select>
        )}
      </Field>
    </>
  );
}

interface LineProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly onEnter?: () => void;
}

/** One line; the one that a block begins with has the focus when the block opens. */
export function First({ label, value, onInput, onEnter }: LineProps) {
  const field = useRef<HTMLInputElement>(null);
  const isHead = onEnter !== undefined;
  useLayoutEffect(() => {
    if (isHead) field.current?.focus();
  }, [isHead]);
  return (
    <Field label={label}>
      {(props) => (
        <input
          {...props}
          ref={field}
          value={value}
          maxLength={LINE_LENGTH_MAX}
          onInput={(event) => onInput(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || !onEnter) return;
            event.preventDefault();
            onEnter();
          }}
        />
      )}
    </Field>
  );
}

interface LongProps extends Omit<LineProps, "onEnter"> {
  readonly hint?: string;
  readonly max: number;
}

function Long({ label, hint, value, max, onInput }: LongProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })}>
      {(props) => (
        <textarea
          {...props}
          ref={field}
          value={value}
          maxLength={max}
          spellcheck={false}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
