/** What the page is told: everything that one cut or one wish changed, in one message. */

import type { Pending, Shown, Splice, Watch } from "../messages.js";
import type { BucketState, OutboxItem } from "../types.js";
import { isQuotaError } from "./db.js";
import type { Mine } from "./mine.js";
import type { Cover, Pair } from "./rows.js";
import { type HeldOp, standing } from "./standing.js";
import type { View } from "./view.js";

export class Screen {
  held: readonly HeldOp[] = [];
  queued = 0;
  private running: Promise<void> | null = null;
  private isStale = false;
  private last: Record<string, string> = {};
  private pending: readonly Pending[] | null = null; // As the page was last told.
  private outbox: readonly OutboxItem[] | null = null;
  private readonly awaited = new Set<() => void>();

  constructor(
    private readonly mine: Mine,
    private readonly view: View,
    private readonly post: (shown: Shown) => void,
    private readonly failed: (error: unknown) => void,
    private readonly damaged: (pairs: readonly Pair[]) => void,
  ) {}

  watch(watch: Watch): void {
    this.view.watch(watch);
    void this.refresh();
  }

  unwatch(key: number): void {
    this.view.unwatch(key);
  }

  /** Show what is stored now. Calls while one is under way are served by one more. */
  refresh(): Promise<void> {
    this.isStale = true;
    this.running ??= this.run();
    return this.running;
  }

  /** The server's row of this wish, as soon as a cut shows it; undefined when none has after `ms`. */
  async heldWithin(identity: string, ms: number): Promise<HeldOp | undefined> {
    const find = () => this.held.find((op) => op.identity === identity);
    if (find() !== undefined || ms === 0) return find();
    return await new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.awaited.delete(look);
        resolve(find());
      };
      const look = () => find() && end();
      const timer = setTimeout(end, ms);
      this.awaited.add(look);
    });
  }

  private async run(): Promise<void> {
    while (this.isStale) {
      this.isStale = false;
      try {
        await this.show();
      } catch (error) {
        if (isQuotaError(error)) continue; // Reading needs no space; a browser may still say so.
        this.failed(error);
        break;
      }
    }
    this.running = null; // In the same breath as the last look at `isStale`: a call between the two would be forgotten.
  }

  private async show(): Promise<void> {
    const { meta, covers, changed, held, damaged } = await this.view.look();
    if (damaged.length > 0) this.damaged(damaged);
    const settled = meta.device === this.mine.device.id ? meta.settled : 0;
    const { pending, outbox, queued } = standing(this.mine.list(), held, settled);
    this.held = held;
    for (const look of this.awaited) look();
    this.queued = queued;
    const [pendingNow, outboxNow] = [spliceOf(this.pending, pending), spliceOf(this.outbox, outbox)];
    [this.pending, this.outbox] = [pending, outbox];
    const shown: Shown = {
      rows: changed.map(([key, rows]) => [key, "ready", rows]),
      ...(pendingNow && { pending: pendingNow }),
      ...(outboxNow && { outbox: outboxNow }),
      ...this.ifNew("buckets", bucketsOf(covers, this.mine.wanted)),
      ...this.ifNew("wanted", this.mine.wanted),
      ...this.ifNew("deviceId", this.mine.device.id),
    };
    if (shown.rows.length > 0 || Object.keys(shown).length > 1) this.post(shown);
  }

  private ifNew<Name extends string, Value>(name: Name, value: Value): { [Key in Name]?: Value } {
    const text = JSON.stringify(value);
    if (this.last[name] === text) return {};
    this.last[name] = text;
    return { [name]: value } as { [Key in Name]: Value }; // A computed key is widened to string.
  }
}

/**
 * What the page needs to hold `after` where it holds `before`; null: nothing. One wish more among ten thousand is one item.
 *
 * What did not change is the same object (`standing`), unless it was read again: then its text is compared.
 */
export function spliceOf<T>(before: readonly T[] | null, after: readonly T[]): Splice<T> | null {
  if (before === null) return { head: 0, tail: 0, put: after };
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && isSame(before[head], after[head])) head += 1;
  if (head === before.length && head === after.length) return null;
  let tail = 0;
  while (tail < most - head && isSame(before.at(-1 - tail), after.at(-1 - tail))) tail += 1;
  return { head, tail, put: after.slice(head, after.length - tail) };
}

const isSame = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

function bucketsOf(covers: readonly Cover[], wanted: readonly string[]): BucketState[] {
  const names = [...new Set([...covers.map(({ bucket }) => bucket), ...wanted])].sort();
  return names.map((bucket) => ({
    bucket,
    tiers: covers
      .filter((cover) => cover.bucket === bucket)
      .sort((a, b) => a.tier - b.tier)
      .map(({ tier, rows, count, bytes, state }) => ({ tier, rows, rowsHeld: count, bytes, state })),
  }));
}
