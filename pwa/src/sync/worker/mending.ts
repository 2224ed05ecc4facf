/**
 * Which sets of the check list are compared, and when.
 *
 * A set is compared once its digest was seen to disagree, or a chunk of it does not open. After each comparison an exchange
 * says whether it agrees now; where it does not twice, people are told, and it is tried again once an hour.
 */

import { committed } from "./commit.js";
import type { Compared, CompareErrand } from "./compare.js";
import { NOTHING, type Pair, pairKey } from "./rows.js";
import type { PageBase } from "./staging.js";

const ROUNDS_MAX = 2;
const HOUR_MS = 3600_000;

export class Mending {
  private readonly differing = new Map<string, Pair>();
  private readonly rounds = new Map<string, number>(); // Comparisons since it last agreed.
  private readonly restsUntil = new Map<string, number>();
  private broken: Pair[] = [];

  /** A chunk of these does not open. */
  add(pairs: readonly Pair[]): void {
    this.broken.push(...pairs);
  }

  get hasBroken(): boolean {
    return this.broken.length > 0;
  }

  /** Put what does not open on the durable check list; then it is compared like what disagrees. */
  async suspect(at: Pick<CompareErrand, "store" | "indexes">, base: PageBase): Promise<PageBase> {
    const known = new Set(base.meta.check.map(pairKey));
    for (const pair of this.broken) this.differing.set(pairKey(pair), pair);
    const broken = [...new Map(this.broken.map((pair) => [pairKey(pair), pair])).values()];
    const fresh = broken.filter((pair) => !known.has(pairKey(pair)));
    const covers = broken
      .flatMap((pair) => base.covers.get(pairKey(pair)) ?? [])
      .map((one) => ({ ...one, broken: true }));
    this.broken = [];
    const after = { ...base.meta, check: [...base.meta.check, ...fresh] };
    return await committed({ ...at, base }, { ...NOTHING, before: base.meta, after, covers });
  }

  /** An exchange has compared digests at a cut. True: something does not agree although it was compared twice. */
  judged(differing: readonly Pair[], check: readonly Pair[], now: number): boolean {
    const listed = new Set(check.map(pairKey));
    for (const one of [this.differing, this.rounds, this.restsUntil])
      for (const key of one.keys()) if (!listed.has(key)) one.delete(key);
    for (const pair of differing) {
      const key = pairKey(pair);
      this.differing.set(key, pair);
      if ((this.rounds.get(key) ?? 0) >= ROUNDS_MAX && !this.restsUntil.has(key))
        this.restsUntil.set(key, now + HOUR_MS);
    }
    return this.restsUntil.size > 0;
  }

  /** The next set to compare; null: none is due. Sets whose rows are still on their way by themselves are left to come. */
  next(base: PageBase, now: number): Pair | null {
    if (!base.meta.final) return null;
    const due = [...this.differing.values()].filter((pair) => {
      const key = pairKey(pair);
      return !base.files.has(key) && now >= (this.restsUntil.get(key) ?? 0);
    });
    return due.sort((a, b) => a[1] - b[1])[0] ?? null;
  }

  compared(pair: Pair, { outcome }: Compared): void {
    const isOver = outcome.kind === "done" || (outcome.kind === "refused" && outcome.status === 404);
    if (!isOver) return;
    const key = pairKey(pair);
    this.differing.delete(key);
    this.restsUntil.delete(key);
    this.rounds.set(key, (this.rounds.get(key) ?? 0) + 1);
  }
}
