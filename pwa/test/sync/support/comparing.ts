/** The server's half of a comparison, as plainly as it can be said. */

import { digestLine, digestText } from "../../../src/sync/worker/digest.js";

interface Live {
  readonly collection: string;
  readonly id: string;
  readonly line: string;
}

interface Ask {
  readonly prefix: string;
  readonly sums: Readonly<Record<string, string>>;
}

const LEAF_ROWS = 8;

/** What stands below the first line. */
export function compareLines(live: readonly Live[], asks: readonly Ask[], bytes: number): string[] {
  const lines: string[] = [];
  const differ: string[] = [];
  let left = bytes;
  for (const { prefix, sums } of asks) {
    const ours = new Map<string, Live[]>();
    for (const one of live) {
      const tail = backwards(one.id);
      if (!tail.startsWith(prefix)) continue;
      const child = tail.slice(prefix.length, prefix.length + 2);
      ours.set(child, [...(ours.get(child) ?? []), one]);
    }
    for (const child of [...new Set([...ours.keys(), ...Object.keys(sums)])].sort()) {
      const rows = ours.get(child) ?? [];
      if (digestOf(rows) === (sums[child] ?? EMPTY)) continue;
      const isLeaf = rows.length <= LEAF_ROWS || (sums[child] === undefined && left > 0);
      if (!isLeaf) {
        differ.push(prefix + child);
        continue;
      }
      const leaf = leafLines(prefix + child, rows);
      left -= leaf.join("").length;
      lines.push(...leaf);
    }
  }
  return [...lines, JSON.stringify({ differ })];
}

const EMPTY = "0:0000000000000000";

export function digestOf(rows: readonly { readonly line: string }[]): string {
  const each = rows.map(({ line }) => digestLine(new TextEncoder().encode(line)));
  const half = (which: 0 | 1) => each.reduce((sum, digest) => sum ^ digest[which], 0);
  return digestText({ count: rows.length, hi: half(0), lo: half(1) });
}

function leafLines(prefix: string, rows: readonly Live[]): string[] {
  const lines = [JSON.stringify({ leaf: prefix })];
  for (const collection of new Set(rows.map((row) => row.collection))) {
    lines.push(JSON.stringify({ collection }));
    lines.push(...rows.filter((row) => row.collection === collection).map(({ line }) => line));
  }
  return [...lines, JSON.stringify({ end: prefix })];
}

/** The id's bytes from its end. */
function backwards(id: string): string {
  const hex = id.replaceAll("-", "");
  return hex.length % 2
    ? `${hex.slice(1).match(/../g)?.reverse().join("") ?? ""}${hex[0]}`
    : (hex.match(/../g)?.reverse().join("") ?? "");
}
