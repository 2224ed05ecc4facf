/** Which line of which id is stored, by its digest: needed to take a replaced line out of the XOR. A small cache. */

import { digestLine } from "./digest.js";
import { chunkLines } from "./lines.js";
import { type Pair, type Part, type PartName, partKey, placeOf, type RowStore } from "./rows.js";

/** Null: the newest line of the id says that it went. */
export type LineIndex = Map<string, readonly [hi: number, lo: number] | null>;

const IDS_MAX = 40_000; // About 6 MB of memory at worst.

export class LineIndexes {
  private readonly kept = new Map<string, LineIndex>();

  constructor(private readonly store: RowStore) {}

  /** The index of a partition as the page sees it so far; `part` undefined: nothing of it is stored. */
  async of(name: PartName, part: Part | undefined): Promise<LineIndex> {
    const key = partKey(name);
    const index = this.kept.get(key) ?? (part === undefined ? new Map() : await this.load(part));
    this.kept.delete(key);
    this.kept.set(key, index); // The newest last: the first is the first to go.
    return index;
  }

  forget(pair: Pair): void {
    for (const key of this.kept.keys()) if (key.startsWith(`${pair.join("\n")}\n`)) this.kept.delete(key);
  }

  forgetAll(): void {
    this.kept.clear();
  }

  /** Between pages only: a page relies on what it has put in. The newest stays, or a long download would read it each time. */
  trim(): void {
    let ids = 0;
    for (const index of this.kept.values()) ids += index.size;
    for (const [key, index] of this.kept) {
      if (ids <= IDS_MAX || this.kept.size === 1) return;
      this.kept.delete(key);
      ids -= index.size;
    }
  }

  private async load(part: Part): Promise<LineIndex> {
    const index: LineIndex = new Map();
    const key = partKey(placeOf(part));
    const { opened } = await this.store.read(({ parts }) =>
      parts.filter((one) => partKey(placeOf(one)) === key).map((one) => ({ part: one, from: 0, staged: true })),
    );
    for (const line of opened.flatMap(({ chunks }) => chunks).flatMap(chunkLines))
      index.set(line.id, line.gone ? null : digestLine(line.bytes));
    return index;
  }
}
