/** What would change in a lesson if another text stood there, block by block. Pure. */

import type { Block } from "../catalog/blocks.ts";
import { tokenOf } from "./editing.ts";

export type Line =
  | { readonly kind: "gone" | "back"; readonly block: Block }
  | { readonly kind: "same"; readonly count: number };

const CELLS_MAX = 4_000_000; // Above, what differs in the middle is said to be replaced as a whole.

/** From what stands `now` to what would stand `then`; blocks that stay are only counted. */
export function differenceOf(now: readonly Block[], then: readonly Block[]): readonly Line[] {
  const [a, b] = [now.map(tokenOf), then.map(tokenOf)];
  let head = 0;
  while (head < Math.min(a.length, b.length) && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < Math.min(a.length, b.length) - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const [endA, endB] = [a.length - tail, b.length - tail];
  const kept = (endA - head) * (endB - head) > CELLS_MAX ? [] : common(a.slice(head, endA), b.slice(head, endB));
  const lines: Line[] = [];
  let [atA, atB] = [head, head];
  stay(lines, head);
  for (const [inA, inB] of [...kept.map(([x, y]) => [x + head, y + head] as const), [endA, endB] as const]) {
    for (; atA < inA; atA++) push(lines, "gone", now[atA]);
    for (; atB < inB; atB++) push(lines, "back", then[atB]);
    if (inA < endA && inB < endB) {
      stay(lines, 1);
      atA++;
      atB++;
    }
  }
  stay(lines, tail);
  return lines;
}

function push(lines: Line[], kind: "gone" | "back", block: Block | undefined): void {
  if (block !== undefined) lines.push({ kind, block });
}

function stay(lines: Line[], count: number): void {
  const last = lines.at(-1);
  if (count === 0) return;
  if (last?.kind === "same") lines[lines.length - 1] = { kind: "same", count: last.count + count };
  else lines.push({ kind: "same", count });
}

/** The longest row of pairs that are the same on both sides, in order. */
function common(a: readonly string[], b: readonly string[]): readonly (readonly [number, number])[] {
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  const at = (x: number, y: number) => longest[x * width + y] ?? 0;
  for (let x = a.length - 1; x >= 0; x--) {
    for (let y = b.length - 1; y >= 0; y--) {
      longest[x * width + y] = a[x] === b[y] ? at(x + 1, y + 1) + 1 : Math.max(at(x + 1, y), at(x, y + 1));
    }
  }
  const found: (readonly [number, number])[] = [];
  for (let x = 0, y = 0; x < a.length && y < b.length; ) {
    if (a[x] === b[y]) found.push([x++, y++]);
    else if (at(x + 1, y) >= at(x, y + 1)) x++;
    else y++;
  }
  return found;
}
