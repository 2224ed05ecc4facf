/**
 * Filling anew what does not agree with the server, or cannot be read.
 *
 * A downloaded bucket is left for one exchange and joined by the next. What comes by itself cannot be left: there the store
 * begins without a cursor, and the old cut stays on screen until the first mark of the new fill is here.
 */

import { type Meta, NOTHING, type Pair, pairKey, type RowStore } from "./rows.js";

const REFILLS_MAX = 3; // An hour: what does not agree after that is for people to look at.
const HOUR_MS = 3600_000;

export class Mending {
  private readonly leaving = new Set<string>();
  private readonly broken = new Map<string, Pair>();
  private refillsAt: number[] = [];

  constructor(private readonly store: RowStore) {}

  get isDue(): boolean {
    return this.leaving.size + this.broken.size > 0;
  }

  add(pairs: readonly Pair[]): void {
    for (const pair of pairs) this.broken.set(pairKey(pair), pair);
  }

  /** The wanted buckets, less those that are being left. */
  without(wanted: readonly string[]): string[] {
    return wanted.filter((bucket) => !this.leaving.has(bucket));
  }

  /** An exchange without them was answered whole: the next asks for them again. */
  left(): void {
    this.leaving.clear();
  }

  /** Put what cannot be read on the durable check list; false: there is nothing. */
  async suspect(meta: Meta): Promise<boolean> {
    if (this.broken.size === 0) return false;
    const known = new Set(meta.check.map(pairKey));
    const fresh = [...this.broken.values()].filter((pair) => !known.has(pairKey(pair)));
    this.broken.clear();
    await this.store.write({ ...NOTHING, before: meta, after: { ...meta, check: [...meta.check, ...fresh] } });
    return true;
  }

  /** Arrange for the check list to be filled anew; false: it was tried often enough. */
  async refill(meta: Meta, wanted: readonly string[], now: number): Promise<boolean> {
    this.refillsAt = this.refillsAt.filter((at) => now - at < HOUR_MS);
    if (this.refillsAt.length >= REFILLS_MAX) return false;
    this.refillsAt.push(now);
    const buckets = meta.check.map(([bucket]) => bucket);
    if (buckets.every((bucket) => wanted.includes(bucket))) for (const bucket of buckets) this.leaving.add(bucket);
    else await this.store.write({ ...NOTHING, before: meta, after: { ...meta, cursor: null, final: false } });
    return true;
  }
}
