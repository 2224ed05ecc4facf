/**
 * One answer on its way into the store.
 *
 * Lines wait until the mark below them has come; what stands above the last mark is stored in one transaction with that
 * mark's cursor, and the rest of a torn answer is forgotten. A cut whose digests agree moves `head` over all that is
 * staged; one that does not leaves the old cut on screen and puts what was staged on the check list.
 */

import { type Digest, digestLine, digestText } from "./digest.js";
import type { LineIndex, LineIndexes } from "./indexes.js";
import { chunkOf, type RowLine } from "./lines.js";
import {
  type Cover,
  type Meta,
  type NewChunk,
  type Pair,
  type Part,
  type PartName,
  pairKey,
  partKey,
  type RowsChange,
} from "./rows.js";
import type { Cut, Digests, Scope } from "./wire.js";

const CHUNK_LINES_MAX = 64;

export interface PageBase {
  readonly meta: Meta;
  readonly covers: ReadonlyMap<string, Cover>;
  readonly parts: ReadonlyMap<string, Part>;
}

type Step =
  | { readonly kind: "rows"; readonly part: PartName; readonly lines: RowLine[] }
  | { readonly kind: "joined" | "left"; readonly pair: Pair }
  | { readonly kind: "reconcile"; readonly pairs: readonly Pair[] }
  | { readonly kind: "scope"; readonly scope: Scope }
  | { readonly kind: "digests"; readonly digests: Digests };

export class Page {
  private readonly covers: Map<string, Cover>;
  private readonly parts: Map<string, Part>;
  private readonly changedCovers = new Set<string>();
  private readonly fresh = new Map<string, { part: PartName; lines: RowLine[] }>();
  private readonly dropped: Pair[] = [];
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

  constructor(
    private readonly base: PageBase,
    private readonly indexes: LineIndexes,
    private readonly asked: readonly string[],
  ) {
    this.dropAll = base.meta.cursor === null; // Without a cursor the answer starts from nothing, and so do we.
    this.covers = new Map(this.dropAll ? [] : base.covers);
    this.parts = new Map(this.dropAll ? [] : base.parts);
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
    const { chunks, parts, next } = this.cutIntoChunks();
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
    const covers = [...this.changedCovers].flatMap((key) => this.covers.get(key) ?? []);
    return { before: meta, after, dropped: this.dropped, dropAll: this.dropAll, chunks, parts, covers };
  }

  get state(): PageBase["covers"] {
    return this.covers;
  }

  private async absorb(step: Step): Promise<void> {
    switch (step.kind) {
      case "rows":
        return await this.keep(step.part, step.lines);
      case "left":
        return this.drop(step.pair);
      case "joined":
        this.drop(step.pair);
        this.named?.add(pairKey(step.pair));
        return this.setCover(this.emptyCover(step.pair));
      case "reconcile":
        return this.reconcile(step.pairs);
      case "scope":
        return this.setScope(step.scope);
      case "digests":
        return merge(this.digests, step.digests);
    }
  }

  private async keep(part: PartName, lines: readonly RowLine[]): Promise<void> {
    const [bucket, tier] = part;
    const key = partKey(part);
    const cover = this.covers.get(pairKey([bucket, tier])) ?? this.emptyCover([bucket, tier]);
    const index = await this.indexes.of(part, this.parts.get(key));
    this.setCover({ ...cover, ...counted(cover, index, lines) });
    const fresh = this.fresh.get(key) ?? { part, lines: [] };
    for (const line of lines) fresh.lines.push(line);
    this.fresh.set(key, fresh);
  }

  private drop(pair: Pair): void {
    const key = pairKey(pair);
    if (isOwn(pair[0]) && this.covers.has(key)) this.settled = 0; // SPEC M9: what showed those wishes is gone.
    this.covers.delete(key);
    this.changedCovers.delete(key);
    this.check = this.check.filter((entry) => pairKey(entry) !== key);
    this.dropped.push(pair);
    for (const [name, part] of this.parts) if (isIn(part, pair)) this.parts.delete(name);
    for (const [name, { part }] of this.fresh) if (part[0] === pair[0] && part[1] === pair[1]) this.fresh.delete(name);
    this.indexes.forget(pair);
  }

  /** Off the chain: what is listed is kept until it is checked. */
  private reconcile(pairs: readonly Pair[]): void {
    this.named ??= new Set();
    for (const pair of pairs) {
      this.named.add(pairKey(pair));
      if (!this.covers.has(pairKey(pair))) this.setCover(this.emptyCover(pair));
      this.suspect(pair);
    }
  }

  private dropUnnamed(named: ReadonlySet<string>): void {
    for (const [key, cover] of this.covers) if (!named.has(key)) this.drop(pairOf(cover));
  }

  private setScope(scope: Scope): void {
    const key = pairKey([scope.bucket, scope.tier]);
    this.scopes.set(key, scope);
    const cover = this.covers.get(key);
    if (cover) this.setCover({ ...cover, rows: scope.rows, bytes: scope.bytes });
  }

  private emptyCover([bucket, tier]: Pair): Cover {
    const scope = this.scopes.get(pairKey([bucket, tier]));
    return { bucket, tier, state: "filling", count: 0, hi: 0, lo: 0, rows: scope?.rows ?? 0, bytes: scope?.bytes ?? 0 };
  }

  private setCover(cover: Cover): void {
    const key = pairKey(pairOf(cover));
    this.covers.set(key, cover);
    this.changedCovers.add(key);
  }

  private suspect(pair: Pair): void {
    if (!this.check.some((entry) => pairKey(entry) === pairKey(pair))) this.check = [...this.check, pair];
  }

  /** Show the cut if each digest agrees; else keep the old one, and trust nothing that is staged. */
  private judge(settled: number, isFinal: boolean, now: number): void {
    this.recogniseFull();
    const wrong = this.compared().filter(({ agrees, cover }) => !agrees && (isFinal || cover.state === "full"));
    if (wrong.length > 0) {
      this.hasRefusedCut = true;
      for (const { cover } of wrong) this.suspect(pairOf(cover));
      if (this.shownAt === null) for (const pair of this.stagedPairs()) this.suspect(pair);
      return;
    }
    if (isFinal)
      for (const cover of this.covers.values())
        if (cover.state === "filling") this.setCover({ ...cover, state: "full" });
    if (!this.isOwnFilling()) this.settled = settled;
    this.shownAt = now;
  }

  /** SPEC M9: while rows of the person's own are still to come, no wish may leave the screen for what is not there yet. */
  private isOwnFilling(): boolean {
    return [...this.covers.values()].some((cover) => cover.state === "filling" && isOwn(cover.bucket));
  }

  /** A filling set that agrees with the server's whole is full; a checked one that agrees is trusted again. */
  private recogniseFull(): void {
    for (const { cover, agrees } of this.compared()) {
      if (!agrees) continue;
      if (cover.state === "filling") this.setCover({ ...cover, state: "full" });
      this.check = this.check.filter((entry) => pairKey(entry) !== pairKey(pairOf(cover)));
    }
  }

  private compared(): { cover: Cover; agrees: boolean }[] {
    return Object.entries(this.digests).flatMap(([bucket, tiers]) =>
      Object.entries(tiers).flatMap(([tier, digest]) => {
        const cover = this.covers.get(pairKey([bucket, Number(tier)]));
        return cover ? [{ cover, agrees: digestText(cover) === digest }] : [];
      }),
    );
  }

  private stagedPairs(): Pair[] {
    const staged = [...this.parts.values()].filter((part) => part.last > this.base.meta.head).map(pairOf);
    const fresh = [...this.fresh.values()].map(({ part }): Pair => [part[0], part[1]]);
    return [...staged, ...fresh].filter((pair) => this.covers.has(pairKey(pair)));
  }

  private cutIntoChunks(): { chunks: NewChunk[]; parts: Part[]; next: number } {
    let next = this.base.meta.next;
    const chunks: NewChunk[] = [];
    const parts: Part[] = [];
    for (const { part, lines } of this.fresh.values()) {
      const old = this.parts.get(partKey(part)) ?? emptyPart(part, next);
      const count = Math.ceil(lines.length / CHUNK_LINES_MAX);
      for (let i = 0; i < lines.length; i += CHUNK_LINES_MAX) {
        chunks.push({ part, seq: next++, bytes: chunkOf(lines.slice(i, i + CHUNK_LINES_MAX)) });
      }
      parts.push({ ...old, chunks: old.chunks + count, lines: old.lines + lines.length, last: next - 1 });
    }
    return { chunks, parts, next };
  }
}

function isOwn(bucket: string): boolean {
  return bucket.startsWith("user:");
}

function counted(before: Digest, index: LineIndex, lines: readonly RowLine[]): Digest {
  let { count, hi, lo } = before;
  for (const line of lines) {
    const old = index.get(line.id);
    if (old) {
      count -= 1;
      hi ^= old[0];
      lo ^= old[1];
      index.delete(line.id);
    }
    if (line.gone) continue;
    const digest = digestLine(line.bytes);
    count += 1;
    hi ^= digest[0];
    lo ^= digest[1];
    index.set(line.id, digest);
  }
  return { count, hi, lo };
}

function merge(into: Digests, more: Digests): void {
  for (const [bucket, tiers] of Object.entries(more)) into[bucket] = { ...into[bucket], ...tiers };
}

const isIn = (part: Part, pair: Pair): boolean => part.bucket === pair[0] && part.tier === pair[1];

const pairOf = (one: { readonly bucket: string; readonly tier: number }): Pair => [one.bucket, one.tier];

const emptyPart = ([bucket, tier, collection]: PartName, gen: number): Part => ({
  bucket,
  tier,
  collection,
  chunks: 0,
  lines: 0,
  last: 0,
  gen,
});
