/**
 * One answer on its way into the store.
 *
 * Lines wait until the mark below them has come; what stands above the last mark is stored in one transaction with that
 * mark's cursor, and the rest of a torn answer is forgotten. A cut whose digests agree moves `head` over all that is
 * staged; one that does not leaves the old cut on screen and puts what was staged on the check list.
 */

import { digestText } from "./digest.js";
import type { LineIndexes } from "./indexes.js";
import type { RowLine } from "./lines.js";
import {
  type BaseFiles,
  type Cover,
  type Meta,
  NOTHING,
  type Pair,
  type PartName,
  pairKey,
  type RowsChange,
} from "./rows.js";
import { emptyCover, type PageBase, pairOf, Staging } from "./staging.js";
import { type Cut, type Digests, type FilesLine, listedAfter, type Scope } from "./wire.js";

type Step =
  | { readonly kind: "rows"; readonly part: PartName; readonly lines: RowLine[] }
  | { readonly kind: "joined" | "left"; readonly pair: Pair }
  | { readonly kind: "reconcile"; readonly pairs: readonly Pair[] }
  | { readonly kind: "scope"; readonly scope: Scope }
  | { readonly kind: "files"; readonly line: FilesLine }
  | { readonly kind: "digests"; readonly digests: Digests };

export class Page {
  private readonly staging: Staging;
  private readonly dropped: Pair[] = [];
  private readonly files: Map<string, BaseFiles>;
  private readonly relisted = new Map<string, Pair>(); // Whose list of files is to be stored, or taken away.
  readonly listed = new Set<string>(); // Sets of which this answer has named files.
  private steps: Step[] = [];
  private digests: Digests = {};
  private check: readonly Pair[];
  private cursor: string | null = null; // Of the last mark absorbed.
  private isFinal = false;
  private shownAt: number | null = null; // Of the last cut accepted.
  private settled: number; // Wishes up to this number may leave the screen: their rows are here.
  private readonly dropAll: boolean;
  private named: Set<string> | null = null; // Off the chain: what the answer says is still ours.
  private readonly scopes = new Map<string, Scope>();
  hasRefusedCut = false;
  readonly differing = new Map<string, Pair>(); // Sets whose digest was not the server's at the last cut.

  constructor(
    private readonly base: PageBase,
    indexes: LineIndexes,
    private readonly asked: readonly string[],
  ) {
    this.dropAll = base.meta.cursor === null; // Without a cursor the answer starts from nothing, and so do we.
    this.staging = new Staging(this.dropAll ? null : base, indexes);
    this.files = new Map(this.dropAll ? [] : base.files);
    this.check = this.dropAll ? [] : base.meta.check;
    this.settled = this.dropAll ? 0 : base.meta.settled;
    if (this.dropAll) indexes.forgetAll();
  }

  add(step: Step): void {
    this.steps.push(step);
  }

  addRow(part: PartName, line: RowLine): void {
    const last = this.steps.at(-1);
    if (last?.kind === "rows" && last.part === part) last.lines.push(line);
    else this.steps.push({ kind: "rows", part, lines: [line] });
  }

  /** Everything above is safe. `cut` of null: no cut here. */
  async mark(cursor: string, cut: Cut | null, isFinal: boolean, now: number): Promise<void> {
    for (const step of this.steps) await this.absorb(step);
    this.steps = [];
    if (this.named) this.dropUnnamed(this.named);
    this.cursor = cursor;
    this.isFinal = isFinal;
    if (cut === null) return;
    merge(this.digests, cut.digests ?? {});
    if (isFinal || cut.isWhole) this.judge(cut.settled ?? this.base.meta.settled, isFinal, now);
    else this.recogniseFull();
    this.digests = {};
  }

  /** What to store, or null when no mark was reached. */
  change(): RowsChange | null {
    if (this.cursor === null) return null;
    const { meta } = this.base;
    const { chunks, parts, next } = this.staging.chunks(meta.next);
    const after: Meta = {
      ...meta,
      cursor: this.cursor,
      final: this.isFinal,
      asked: this.asked,
      head: this.shownAt === null ? meta.head : next - 1,
      next,
      settled: this.settled,
      cutAt: this.shownAt ?? meta.cutAt,
      check: this.check,
    };
    const covers = this.staging.changedCovers();
    const listOf = (key: string) => (this.staging.covers.has(key) ? (this.files.get(key) ?? null) : null);
    const files = [...this.relisted].map(([key, pair]) => [pair, listOf(key)] as const);
    return {
      ...NOTHING,
      before: meta,
      after,
      dropped: this.dropped,
      dropAll: this.dropAll,
      chunks,
      parts,
      covers,
      files,
    };
  }

  private async absorb(step: Step): Promise<void> {
    switch (step.kind) {
      case "rows":
        return await this.staging.keep(step.part, step.lines);
      case "left":
        return this.drop(step.pair);
      case "joined":
        return this.join(step.pair);
      case "reconcile":
        return this.reconcile(step.pairs);
      case "scope":
        return this.setScope(step.scope);
      case "files":
        return this.list(step.line);
      case "digests":
        return merge(this.digests, step.digests);
    }
  }

  private drop(pair: Pair): void {
    const key = pairKey(pair);
    if (isOwn(pair[0]) && this.staging.covers.has(key)) this.settled = 0; // SPEC M9: what showed those wishes is gone.
    this.staging.drop(pair);
    this.trust(pair);
    this.unlist(pair);
    this.dropped.push(pair);
  }

  private join(pair: Pair): void {
    const key = pairKey(pair);
    const list = this.listed.has(key) ? this.files.get(key) : undefined; // SPEC F7: it stands above its set's `joined`.
    this.drop(pair);
    this.named?.add(key);
    if (list) this.files.set(key, list);
    if (list) this.relisted.set(key, pair);
    this.staging.setCover({ ...this.emptyCover(pair), ...(list ? { hidden: true } : {}) });
  }

  /** Off the chain: what is listed is kept until it is checked; files that were still to come are of the other chain. */
  private reconcile(pairs: readonly Pair[]): void {
    this.named ??= new Set();
    for (const pair of pairs) {
      this.named.add(pairKey(pair));
      if (!this.staging.covers.has(pairKey(pair))) this.staging.setCover(this.emptyCover(pair));
      this.unlist(pair);
      this.suspect(pair);
    }
  }

  private dropUnnamed(named: ReadonlySet<string>): void {
    for (const [key, cover] of this.staging.covers) if (!named.has(key)) this.drop(pairOf(cover));
  }

  private setScope(scope: Scope): void {
    const key = pairKey([scope.bucket, scope.tier]);
    this.scopes.set(key, scope);
    const cover = this.staging.covers.get(key);
    if (cover) this.staging.setCover({ ...cover, rows: scope.rows, bytes: scope.bytes });
  }

  private emptyCover(pair: Pair): Cover {
    const scope = this.scopes.get(pairKey(pair));
    return { ...emptyCover(pair), rows: scope?.rows ?? 0, bytes: scope?.bytes ?? 0 };
  }

  private list(line: FilesLine): void {
    const pair: Pair = [line.bucket, line.tier];
    const key = pairKey(pair);
    const cover = this.staging.covers.get(key);
    this.listed.add(key);
    if (cover?.state === "full") return; // It is here without them.
    this.files.set(key, listedAfter(this.files.get(key), line));
    this.relisted.set(key, pair);
    if (cover) this.staging.setCover({ ...cover, hidden: true }); // Otherwise it is about to be joined.
  }

  private unlist(pair: Pair): void {
    if (this.files.delete(pairKey(pair))) this.relisted.set(pairKey(pair), pair);
  }

  private suspect(pair: Pair): void {
    if (!this.check.some((entry) => pairKey(entry) === pairKey(pair))) this.check = [...this.check, pair];
  }

  private trust(pair: Pair): void {
    this.check = this.check.filter((entry) => pairKey(entry) !== pairKey(pair));
  }

  /** Show the cut if each digest agrees; else keep the old one, and trust nothing that is staged. */
  private judge(settled: number, isFinal: boolean, now: number): void {
    const agreeing = this.recogniseFull();
    const wrong = this.compared().filter(({ agrees, cover }) => !agrees && this.isWhole(cover, isFinal));
    for (const { cover } of wrong) {
      this.suspect(pairOf(cover));
      this.differing.set(pairKey(pairOf(cover)), pairOf(cover));
    }
    if (wrong.some(({ cover }) => !cover.hidden)) {
      this.hasRefusedCut = true;
      const unsure = this.shownAt === null ? this.staging.pairsAbove(this.base.meta.head) : [];
      for (const pair of unsure) if (!agreeing.has(pairKey(pair))) this.suspect(pair);
      return;
    }
    if (isFinal) this.endFills();
    if (!this.isOwnFilling()) this.settled = settled;
    this.shownAt = now;
  }

  /** Nothing more is said of it, so that its digest must agree: but for files that are still to be fetched. */
  private isWhole(cover: Cover, isFinal: boolean): boolean {
    if (this.files.has(pairKey(pairOf(cover)))) return false;
    return isFinal || cover.state === "full";
  }

  private endFills(): void {
    for (const pair of this.check) if (!this.staging.covers.has(pairKey(pair))) this.trust(pair); // Not held any more.
    for (const cover of this.staging.covers.values())
      if (cover.state === "filling" && !cover.hidden) this.staging.setCover({ ...cover, state: "full" });
  }

  /** SPEC M9: while rows of the person's own are still to come, no wish may leave the screen for what is not there yet. */
  private isOwnFilling(): boolean {
    return [...this.staging.covers.values()].some((cover) => cover.state === "filling" && isOwn(cover.bucket));
  }

  /** A filling set that agrees with the server's whole is full; a checked one that agrees is trusted again. */
  private recogniseFull(): ReadonlySet<string> {
    const agreeing = this.compared().filter(({ agrees }) => agrees);
    for (const { cover } of agreeing) {
      const { hidden: _, ...shown } = cover;
      if (cover.state === "filling") this.staging.setCover({ ...shown, state: "full" });
      this.unlist(pairOf(cover));
      this.trust(pairOf(cover));
      this.differing.delete(pairKey(pairOf(cover)));
    }
    return new Set(agreeing.map(({ cover }) => pairKey(pairOf(cover))));
  }

  private compared(): { cover: Cover; agrees: boolean }[] {
    return Object.entries(this.digests).flatMap(([bucket, tiers]) =>
      Object.entries(tiers).flatMap(([tier, digest]) => {
        const cover = this.staging.covers.get(pairKey([bucket, Number(tier)]));
        return cover ? [{ cover, agrees: !cover.broken && digestText(cover) === digest }] : [];
      }),
    );
  }
}

function isOwn(bucket: string): boolean {
  return bucket.startsWith("user:");
}

function merge(into: Digests, more: Digests): void {
  for (const [bucket, tiers] of Object.entries(more)) into[bucket] = { ...into[bucket], ...tiers };
}
