/**
 * Where two educators changed the same: both sides, and what choosing writes. Pure.
 *
 * The server leaves both in a draft, between the marks ⟦ ⟧⟦ ⟧: around words within a text, or as paragraphs around blocks.
 * What learners see is never marked: there the second change is kept beside it (`record.changed`), and is laid over here.
 */

import { mergeText } from "#sync";
import type { Block } from "../catalog/blocks.ts";
import { tokenOf } from "./editing.ts";

export interface Conflict {
  readonly from: number; // The first block that it takes, and the one behind its last.
  readonly to: number;
  readonly sides: readonly [readonly Block[], readonly Block[]];
}

const [OPEN, BETWEEN, CLOSE] = ["⟦", "⟧⟦", "⟧"] as const;
const IN_TEXT = /⟦([^⟦⟧]*)⟧⟦([^⟦⟧]*)⟧/g;

const isMark = (block: Block | undefined, mark: string): boolean => block?.type === "paragraph" && block.html === mark;

export function conflictsIn(blocks: readonly Block[]): readonly Conflict[] {
  const found: Conflict[] = [];
  for (let at = 0; at < blocks.length; at++) {
    const block = blocks[at];
    if (block === undefined) continue;
    const group = isMark(block, OPEN) ? groupAt(blocks, at) : null;
    if (group) {
      found.push(group);
      at = group.to - 1;
    } else if (hasMarks(block)) {
      found.push({ from: at, to: at + 1, sides: [[sideOf(block, 1)], [sideOf(block, 2)]] });
    }
  }
  return found;
}

function groupAt(blocks: readonly Block[], from: number): Conflict | null {
  const between = blocks.findIndex((block, index) => index > from && isMark(block, BETWEEN));
  const close = blocks.findIndex((block, index) => index > between && isMark(block, CLOSE));
  if (between < 0 || close < 0) return null;
  return { from, to: close + 1, sides: [blocks.slice(from + 1, between), blocks.slice(between + 1, close)] };
}

const hasMarks = (block: Block): boolean => new RegExp(IN_TEXT.source).test(JSON.stringify(block));

/** A mark never stands across two texts, so it may be looked for in all of them at once. */
function sideOf(block: Block, side: 1 | 2): Block {
  return JSON.parse(JSON.stringify(block).replace(IN_TEXT, `$${side}`)) as Block; // Only words within texts changed.
}

export function choose(blocks: readonly Block[], conflict: Conflict, kept: readonly Block[]): readonly Block[] {
  return [...blocks.slice(0, conflict.from), ...kept, ...blocks.slice(conflict.to)];
}

/** Both, one after the other; what is in both stands once. */
export function both({ sides: [one, other] }: Conflict): readonly Block[] {
  const known = new Set(one.map(tokenOf));
  return [...one, ...other.filter((block) => !known.has(tokenOf(block)))];
}

/** What `was` becomes when it was changed into `mine` here and `theirs` there, block by block; marked where both did. */
export function mergeBlocks(was: readonly Block[], mine: readonly Block[], theirs: readonly Block[]): readonly Block[] {
  const signs = new Map<string, string>();
  const blocks: Block[] = [];
  const lines = (side: readonly Block[]) =>
    side
      .map((block) => {
        const text = tokenOf(block);
        const sign = signs.get(text) ?? String.fromCodePoint(FIRST_SIGN + blocks.length);
        if (!signs.has(text)) {
          signs.set(text, sign);
          blocks.push(block);
        }
        return `${sign}\n`;
      })
      .join("");
  const merged = mergeText(lines(was), lines(mine), lines(theirs)).text;
  return [...merged.replaceAll(BETWEEN, "|")].flatMap((sign) => drawn(sign, blocks));
}

const FIRST_SIGN = 0xf0000; // A plane for private use: 65,534 signs, more than three lessons have blocks.

function drawn(sign: string, blocks: readonly Block[]): readonly Block[] {
  if (sign === "\n") return [];
  const mark = sign === "|" ? BETWEEN : sign === OPEN || sign === CLOSE ? sign : null;
  if (mark !== null) return [{ type: "paragraph", html: mark }];
  const block = blocks[(sign.codePointAt(0) ?? 0) - FIRST_SIGN];
  return block === undefined ? [] : [block];
}
