/** Draws a lesson's blocks. */

import "./blocks.css";
import type { ComponentType } from "preact";
import { NotHere } from "../../../app/errors.tsx";
import { learn, useLater, useWords } from "../../../app/later.ts";
import { Icon } from "../../../ui/parts.tsx";
import { Rich } from "../../../ui/rich.tsx";
import { t, type Word, word } from "../../../words/index.ts";
import type { Block, Cell, NoteBlock } from "../blocks.ts";
import { Picture } from "./picture.tsx";
import type { MediaBlock } from "./player.tsx";

interface Place {
  readonly courseId: string;
  readonly isTeacher: boolean; // Shows notes for teachers; learners do not get them.
}

const NOTE_NAMES: Readonly<Record<NoteBlock["kind"], Word>> = {
  info: word("note.info"),
  example: word("note.example"),
  solution: word("note.solution"),
  exercise: word("note.exercise"),
  teacher: word("note.teacher"),
  tip: word("note.tip"),
  warning: word("note.warning"),
};

export function Blocks({ blocks, place }: { blocks: readonly Block[]; place: Place }) {
  return (
    <>
      {blocks.map((block, index) => (
        // Blocks have no ids and never change places within a revision.
        <BlockView key={index} block={block} place={place} />
      ))}
    </>
  );
}

export function BlockView({ block, place }: { block: Block; place: Place }) {
  switch (block.type) {
    case "heading":
      return <Heading level={block.level} text={block.text} />;
    case "paragraph":
      return (
        <p>
          <Rich html={block.html} />
        </p>
      );
    case "list":
      return <List block={block} place={place} />;
    case "table":
      return <Table block={block} />;
    case "image":
      return <Picture block={block} courseId={place.courseId} />;
    case "math":
      return (
        <div class={block.display === "inline" ? "math" : "math scrolls"} role="math" aria-label={block.alt}>
          {block.mathml ? <Rich html={block.mathml} /> : block.alt}
        </div>
      );
    case "note":
      return <Note block={block} place={place} />;
    case "quote":
      return (
        <blockquote>
          <Blocks blocks={block.blocks} place={place} />
          {block.source && <footer class="soft small">{block.source}</footer>}
        </blockquote>
      );
    case "code":
      return (
        <pre class="scrolls">
          <code>{block.text}</code>
        </pre>
      );
    case "definition":
      return (
        <dl>
          <dt>
            <Rich html={block.term} />
          </dt>
          <dd>
            <Rich html={block.html} />
          </dd>
        </dl>
      );
    case "exercise":
      return <Exercise block={block} courseId={place.courseId} />;
    case "video":
    case "audio":
    case "document":
      return <Later load={PLAYER} block={block} courseId={place.courseId} />;
    case "package":
      return <Later load={DOOR} block={block} courseId={place.courseId} />;
    default:
      return <Newer title={(block as { title?: string }).title} />;
  }
}

/** Most lessons have none: the player and its words come with the first. */
const PLAYER = async () => (await Promise.all([import("./player.tsx"), learn("play")]))[0].MediaView;
const DOOR = async () =>
  (await Promise.all([import("../../packages/parts/block.tsx"), learn("packages")]))[0].PackageView;

interface PlayedProps<B extends Block> {
  readonly block: B;
  readonly courseId: string;
}

/** Its title alone, until what draws it is here. */
function Later<B extends MediaBlock | Extract<Block, { type: "package" }>>({
  load,
  ...props
}: PlayedProps<B> & { load: () => Promise<ComponentType<PlayedProps<B>>> }) {
  const { Part, problem } = useLater(load);
  if (Part) return <Part {...props} />;
  return (
    <div class="hole">
      <p>{props.block.title}</p>
      {problem !== undefined && <NotHere why={problem} />}
    </div>
  );
}

/** A kind that this version does not draw: the app's update will. A kind yet to be invented may have no title. */
function Newer({ title }: { title: string | undefined }) {
  useWords("play"); // Until then the title stands alone.
  return (
    <aside class="note info">
      {title && <p class="note-title">{title}</p>}
      <p>{t("play.newer")}</p>
    </aside>
  );
}

function Heading({ level, text }: { level: 2 | 3 | 4; text: string }) {
  if (level === 2) return <h2>{text}</h2>;
  return level === 3 ? <h3>{text}</h3> : <h4>{text}</h4>;
}

function List({ block, place }: { block: Extract<Block, { type: "list" }>; place: Place }) {
  const items = block.items.map((item, index) => (
    <li key={index}>
      {item.html && <Rich html={item.html} />}
      {item.blocks && <Blocks blocks={item.blocks} place={place} />}
    </li>
  ));
  return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
}

function Table({ block }: { block: Extract<Block, { type: "table" }> }) {
  return (
    // A table wider than the phone is moved sideways, by keyboard too.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <section class="scrolls" tabIndex={0} aria-label={t("lesson.table")}>
      <table class="data">
        {block.caption && (
          <caption>
            <Rich html={block.caption} />
          </caption>
        )}
        {block.head && <thead>{block.head.map((row, index) => rowOf(row, index, "th"))}</thead>}
        <tbody>{block.rows.map((row, index) => rowOf(row, index, "td"))}</tbody>
      </table>
    </section>
  );
}

function rowOf(row: readonly Cell[], index: number, tag: "th" | "td") {
  const Tag = tag;
  return (
    <tr key={index}>
      {row.map((cell, column) => (
        <Tag key={column} colSpan={cell.across} rowSpan={cell.down}>
          <Rich html={cell.html ?? ""} />
        </Tag>
      ))}
    </tr>
  );
}

function Note({ block, place }: { block: NoteBlock; place: Place }) {
  if (block.kind === "teacher" && !place.isTeacher) return null;
  const title = block.title || t(NOTE_NAMES[block.kind]);
  const inside = <Blocks blocks={block.blocks} place={place} />;
  if (block.folded || block.kind === "solution" || block.kind === "teacher") {
    return (
      <details class={`note ${block.kind}`}>
        <summary>{title}</summary>
        {inside}
      </details>
    );
  }
  return (
    <aside class={`note ${block.kind}`} aria-label={title}>
      <p class="note-title">{title}</p>
      {inside}
    </aside>
  );
}

function Exercise({ block, courseId }: { block: Extract<Block, { type: "exercise" }>; courseId: string }) {
  return (
    <div class="note exercise">
      {block.prompt && (
        <p>
          <Rich html={block.prompt} />
        </p>
      )}
      {block.assessment_id && (
        <a class="button" href={`/courses/${courseId}/tests/${block.assessment_id}`}>
          <Icon name="play" />
          {t("test.open")}
        </a>
      )}
    </div>
  );
}
