/** A lesson's blocks while somebody writes them. Pure. */

import { type Word, word } from "../../words/index.ts";
import type { Block, ListItem, TableRow } from "../catalog/blocks.ts";

/** A block on the desk: blocks have no ids of their own, and an editor must know its block through every change. */
export interface Item {
  readonly key: number;
  readonly block: Block;
}

/** A value, or what becomes of the newest one: for those who took their time, while somebody went on writing. */
export type Setting<T> = T | ((now: T) => T);

export const settled = <T extends object>(setting: Setting<T>, now: T): T =>
  typeof setting === "function" ? setting(now) : setting;

export const KINDS = [
  "paragraph",
  "heading",
  "list",
  "table",
  "note",
  "math",
  "image",
  "video",
  "audio",
  "document",
  "exercise",
  "quote",
  "definition",
  "code",
] as const;
export type Kind = (typeof KINDS)[number];

/** What each is called. */
export const KIND_NAMES: Readonly<Record<Block["type"], Word>> = {
  paragraph: word("authoring.k_paragraph"),
  heading: word("authoring.k_heading"),
  list: word("authoring.k_list"),
  table: word("authoring.k_table"),
  note: word("authoring.k_note"),
  math: word("authoring.k_math"),
  image: word("authoring.k_image"),
  video: word("authoring.k_video"),
  audio: word("authoring.k_audio"),
  document: word("authoring.k_document"),
  package: word("authoring.k_package"),
  exercise: word("authoring.k_exercise"),
  quote: word("authoring.k_quote"),
  definition: word("authoring.k_definition"),
  code: word("authoring.k_code"),
};

export const INNER_KINDS: readonly Kind[] = ["paragraph", "list", "table", "math", "image", "exercise"];
export const LESSON_BYTES_LARGE = 90_000; // An op holds the text as it was and as it is, and 200,000 characters at most.

let lastKey = 0;
export const itemsOf = (blocks: readonly Block[]): readonly Item[] =>
  blocks.map((block) => ({ key: ++lastKey, block }));
export const itemOf = (block: Block): Item => ({ key: ++lastKey, block });
export const blocksOf = (items: readonly Item[]): readonly Block[] => items.map(({ block }) => block);

/** The same list for other blocks: what stayed keeps its key, so that fields keep the cursor. */
export function keyed(items: readonly Item[], blocks: readonly Block[]): readonly Item[] {
  const left = [...items];
  return blocks.map((block) => {
    const at = left.findIndex((item) => item.block === block || same(item.block, block));
    const known = at < 0 ? undefined : left.splice(at, 1)[0];
    return known === undefined ? itemOf(block) : { key: known.key, block };
  });
}

/** One text for one content, whoever wrote it down: the server leaves out what is empty, and has an order of its own. */
export const tokenOf = (content: unknown): string =>
  JSON.stringify(content, (_name, value: unknown) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const filled = Object.entries(value).filter(([, one]) => one !== "" && one !== false && one !== null);
    return Object.fromEntries(filled.sort(([a], [b]) => (a < b ? -1 : 1)));
  });

export const same = (one: unknown, two: unknown): boolean => one === two || tokenOf(one) === tokenOf(two);

/** An empty one of its kind. What shows a file begins without: its editor asks for one first. */
export function newBlock(kind: Kind): Block {
  switch (kind) {
    case "heading":
      return { type: "heading", level: 2, text: "", id: "" };
    case "list":
      return { type: "list", ordered: false, items: [{ html: "" }] };
    case "table":
      return { type: "table", head: [[{}, {}]], rows: [[{}, {}]] };
    case "note":
      return { type: "note", kind: "info", blocks: [{ type: "paragraph", html: "" }] };
    case "math":
      return { type: "math", mathml: "", alt: "", latex: "" };
    case "image":
      return { type: "image", file_id: "", alt: "", width: 1, height: 1 };
    case "video":
    case "audio":
    case "document":
      return { type: kind, file_id: "", title: "" };
    case "exercise":
      return { type: "exercise" };
    case "quote":
      return { type: "quote", blocks: [{ type: "paragraph", html: "" }] };
    case "definition":
      return { type: "definition", term: "", html: "" };
    case "code":
      return { type: "code", text: "" };
    case "paragraph":
      return { type: "paragraph", html: "" };
  }
}

export function moved<T>(list: readonly T[], from: number, to: number): readonly T[] {
  const kept = list[from];
  if (kept === undefined || to < 0 || to >= list.length || from === to) return list;
  const others = list.filter((_one, index) => index !== from);
  return [...others.slice(0, to), kept, ...others.slice(to)];
}

export function replaced<T>(list: readonly T[], index: number, ...now: readonly T[]): readonly T[] {
  return [...list.slice(0, index), ...now, ...list.slice(index + 1)];
}

export function inserted<T>(list: readonly T[], index: number, ...made: readonly T[]): readonly T[] {
  return [...list.slice(0, index), ...made, ...list.slice(index)];
}

/** What is kept and sent: without what is still empty, each heading with a name of its own. */
export function finished(blocks: readonly Block[]): readonly Block[] {
  const taken = new Set<string>();
  return blocks.flatMap((block) => finish(block, taken));
}

function finish(block: Block, taken: Set<string>): readonly Block[] {
  if (isEmpty(block)) return [];
  switch (block.type) {
    case "heading":
      return [{ ...block, text: block.text.trim(), id: headingId(block, taken) }];
    case "note":
    case "quote":
      return [{ ...block, blocks: block.blocks.flatMap((inner) => finish(inner, taken)) }];
    case "list":
      return [
        {
          ...block,
          items: block.items.map((item) =>
            item.blocks ? { ...item, blocks: item.blocks.flatMap((inner) => finish(inner, taken)) } : item,
          ),
        },
      ];
    case "math":
      return [{ ...block, alt: block.alt.trim() || (block.latex ?? "") }];
    case "video":
    case "audio":
    case "document":
      return [{ ...block, title: block.title.trim() || "…" }]; // The server takes none without a name.
    default:
      return [block];
  }
}

/** Nothing to read, to see or to do in it. */
export function isEmpty(block: Block): boolean {
  switch (block.type) {
    case "paragraph":
      return block.html === "";
    case "heading":
      return block.text.trim() === "";
    case "list":
      return block.items.every((item) => !item.html && !item.blocks?.length);
    case "table":
      return [...(block.head ?? []), ...block.rows].every((row) => row.every((cell) => !cell.html));
    case "note":
      return !block.title && block.blocks.every(isEmpty);
    case "quote":
      return block.blocks.every(isEmpty);
    case "math":
      return block.latex === "" && !block.mathml;
    case "definition":
      return !block.term && !block.html;
    case "code":
      return block.text === "";
    case "exercise":
      return !block.prompt && !block.assessment_id;
    case "image":
    case "video":
    case "audio":
    case "document":
      return block.file_id === "";
    case "package":
      return false;
  }
}

/** Where a link may land: from its words where they are Latin, and its own within the lesson. */
function headingId(block: Extract<Block, { type: "heading" }>, taken: Set<string>): string {
  const plain = block.text
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase();
  const base =
    block.id ||
    plain
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 50) ||
    "part";
  let id = base;
  for (let n = 2; taken.has(id); n++) id = `${base.slice(0, 50)}-${n}`;
  taken.add(id);
  return id;
}

/** The beginning of what it says, for names of buttons. */
export function excerptOf(block: Block, lengthMax = 60): string {
  const words = wordsOf(block)
    .replace(/<br[^<>]*>/g, " ")
    .replace(/<[^<>]*>/g, "")
    .replace(/&(?:amp|lt|gt|nbsp);/g, (entity) => ENTITIES[entity] ?? " ")
    .replace(/\s+/g, " ")
    .trim();
  return words.length > lengthMax ? `${words.slice(0, lengthMax - 1)}…` : words;
}

const ENTITIES: Readonly<Record<string, string>> = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };

function wordsOf(block: Block): string {
  switch (block.type) {
    case "paragraph":
      return block.html;
    case "heading":
    case "code":
      return block.text;
    case "list":
      return block.items.map((item) => item.html ?? "").join(", ");
    case "table":
      return [...(block.head ?? []), ...block.rows]
        .flat()
        .map((cell) => cell.html ?? "")
        .join(", ");
    case "note":
    case "quote":
      return [block.type === "note" ? (block.title ?? "") : "", ...block.blocks.map(wordsOf)].join(" ");
    case "math":
      return block.alt || (block.latex ?? "");
    case "definition":
      return `${block.term} ${block.html}`;
    case "exercise":
      return block.prompt ?? "";
    case "image":
      return block.alt;
    default:
      return block.title;
  }
}

export const bytesOf = (blocks: readonly Block[]): number => new TextEncoder().encode(JSON.stringify(blocks)).length;

/** The files that blocks show, each once. */
export function filesOf(blocks: readonly Block[]): readonly string[] {
  return [...new Set(blocks.flatMap(filesIn))].filter((id) => id !== "");
}

function filesIn(block: Block): readonly string[] {
  if (block.type === "package") return [block.package_id];
  if (block.type === "video") return [block.file_id, ...(block.captions_ids ?? [])];
  if ("file_id" in block) return [block.file_id];
  if (block.type === "note" || block.type === "quote") return block.blocks.flatMap(filesIn);
  return block.type === "list" ? block.items.flatMap((item) => (item.blocks ?? []).flatMap(filesIn)) : [];
}

// --- lists and tables -------------------------------------------------------------------------------------------------

export const withItem = (items: readonly ListItem[], index: number, html: string): readonly ListItem[] =>
  replaced(items, index, { ...items[index], html });

/** Rows and columns can be added and taken away where no cell covers several. */
export function isPlainTable(rows: readonly TableRow[]): boolean {
  const width = rows[0]?.length ?? 0;
  return rows.every((row) => row.length === width && row.every((cell) => (cell.across ?? 1) + (cell.down ?? 1) === 2));
}

export const withColumn = (rows: readonly TableRow[]): readonly TableRow[] => rows.map((row) => [...row, {}]);
export const withoutColumn = (rows: readonly TableRow[]): readonly TableRow[] => rows.map((row) => row.slice(0, -1));

export function withCell(rows: readonly TableRow[], row: number, column: number, html: string): readonly TableRow[] {
  const cells = rows[row] ?? [];
  const { html: _was, ...cell } = cells[column] ?? {};
  return replaced(rows, row, replaced(cells, column, html === "" ? cell : { ...cell, html }));
}

/** Half of a lesson that became too long, at a heading if one is near the middle. */
export function splitAt(blocks: readonly Block[]): number {
  const half = bytesOf(blocks) / 2;
  let bytes = 0;
  let middle = blocks.findIndex((block) => {
    bytes += bytesOf([block]);
    return bytes >= half;
  });
  middle = Math.max(1, middle);
  const headings = blocks.flatMap((block, index) => (block.type === "heading" && index > 0 ? [index] : []));
  const near = headings.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0];
  return near !== undefined && Math.abs(near - middle) <= blocks.length / 4 ? near : middle;
}

/**
 * What a save says: the blocks that changed with one neighbour on each side, which tell the server where they stand. All
 * blocks, where a neighbour is not the only one of its like: then the place would be a guess.
 */
export function editOf(
  base: readonly Block[],
  now: readonly Block[],
): { readonly was: readonly Block[]; readonly now: readonly Block[] } {
  const [old, made] = [base.map(tokenOf), now.map(tokenOf)];
  const most = Math.min(old.length, made.length);
  let head = 0;
  while (head < most && old[head] === made[head]) head++;
  let tail = 0;
  while (tail < most - head && old[old.length - 1 - tail] === made[made.length - 1 - tail]) tail++;
  const [from, kept] = [Math.max(0, head - 1), Math.max(0, tail - 1)];
  const count = new Map<string, number>();
  for (const token of old) count.set(token, (count.get(token) ?? 0) + 1);
  const isSure = old.slice(from, old.length - kept).every((token) => count.get(token) === 1);
  if (!isSure || old.length === 0) return { was: base, now };
  return { was: base.slice(from, base.length - kept), now: now.slice(from, now.length - kept) };
}
