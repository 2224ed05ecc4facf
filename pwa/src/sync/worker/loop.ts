/**
 * The leader's loop. Level-triggered: each round asks what is due now and what the link allows, and no flag outlives its
 * cause. One exchange at a time.
 */

import type { Problem, Status } from "../types.js";
import type { Beside } from "./beside.js";
import { compactOne } from "./compact.js";
import { isQuotaError } from "./db.js";
import type { Env } from "./env.js";
import { type Ending, type Errand, exchange } from "./exchange.js";
import type { Laid } from "./fetching.js";
import { LineIndexes } from "./indexes.js";
import { pause } from "./live.js";
import { type Mine, Outrun } from "./mine.js";
import { Pace } from "./pace.js";
import { POLL_MS_MAX, Polling } from "./polling.js";
import { fork, hasUnsent, nextOps, setAside, type Unit } from "./queue.js";
import type { Wire } from "./request.js";
import { EMPTY_META, Overtaken, type Pair, pairKey, partKey, placeOf, type RowStore } from "./rows.js";
import type { PageBase } from "./staging.js";

export interface LoopDeps {
  readonly env: Env;
  readonly wire: Wire;
  readonly mine: Mine;
  readonly store: RowStore;
  readonly token: () => Promise<string | null>;
  readonly laid: Laid;
  readonly told: (what: "wishes" | "cut" | "mine", seqs?: readonly number[]) => void;
  readonly status: (part: Partial<Status>) => void;
}

export class Loop {
  private readonly polling: Polling;
  private readonly pace: Pace;
  private readonly indexes: LineIndexes;
  private base: PageBase = { meta: EMPTY_META, covers: new Map(), parts: new Map(), files: new Map() };
  private isHinted = true; // Something may have moved; at the start nobody knows.
  private isReached = false; // The server answered last time. Until then a request asks, and numbers nothing new.
  private isPaused = false;
  private saysBuckets = false;
  private mustFork = false;
  private hasPushed = 0;
  private triedAt = 0;
  private fence = 0;
  private beside: Beside | null = null; // Loaded when something is to be mended or fetched.
  private damaged: readonly Pair[] = [];
  private wasExchange = false;
  private wakeUp: AbortController = new AbortController();

  constructor(private readonly deps: LoopDeps) {
    this.pace = new Pace(deps.env.gapMs, deps.env.random);
    this.indexes = new LineIndexes(deps.store);
    this.polling = new Polling(deps.env, deps.wire, deps.token, () => this.hint());
  }

  /** Lead: exchange whenever there is a reason, until `lost`. Raises what is neither network nor disk: a bug, a wrong key. */
  async run(lost: AbortSignal): Promise<void> {
    this.fence = await this.deps.mine.raiseFence();
    await this.deps.store.lead(this.fence, this.deps.mine.device.id);
    await this.reread();
    void this.deps.env.ballast.lay().catch(() => undefined); // No room for a reserve: then there is none to give up.
    this.polling.listen(this.deps.mine.wanted);
    const wake = () => this.wake();
    lost.addEventListener("abort", wake);
    try {
      while (!lost.aborted) {
        const isDue = this.isDue();
        const isBeside = (this.wasExchange || !isDue) && (await this.isBesideDue());
        const waitMs = isBeside || isDue ? await this.round(lost, isBeside) : await this.rest();
        if (waitMs > 0) await this.sleep(waitMs, lost);
      }
    } finally {
      lost.removeEventListener("abort", wake);
      this.polling.stop();
    }
  }

  /** Other buckets are wanted now. */
  rewant(): void {
    this.polling.listen(this.deps.mine.wanted);
    this.wake();
  }

  /** A reason came up: look again. */
  wake(): void {
    this.wakeUp.abort();
  }

  hint(): void {
    this.isHinted = true;
    this.wake();
  }

  setPaused(on: boolean): void {
    this.isPaused = on;
    this.wake();
  }

  private isDue(): boolean {
    const { meta } = this.base;
    const hasPart = [...this.base.files.values()].some(({ chunks }) => chunks.includes(null)); // The rest of a list.
    const asksNew = [...(meta.asked ?? [])].sort().join("\n") !== [...this.deps.mine.wanted].sort().join("\n");
    const isWhole = meta.final || (this.isPaused && meta.cursor !== null && meta.cutAt !== null);
    return this.isHinted || !isWhole || hasPart || asksNew || hasUnsent(this.deps.mine);
  }

  /** Nothing is due: tidy up, then wait for the next poll. */
  private async rest(): Promise<number> {
    this.deps.status({ phase: "idle" });
    const tidied = await compactOne(this.deps.store, this.base);
    if (tidied) {
      this.base = tidied;
      return 0;
    }
    const leftMs = this.polling.intervalMs - this.sinceTriedMs;
    this.isHinted = leftMs <= 0;
    return this.isHinted ? 0 : Math.max(1, leftMs);
  }

  /** A clock that was set back says nothing of how long ago: then it is long ago. */
  private get sinceTriedMs(): number {
    const ms = this.deps.env.now() - this.triedAt;
    return ms < 0 ? Number.POSITIVE_INFINITY : ms;
  }

  /** One exchange, or one step beside them. Answers how long to wait before the next look, ms. */
  private async round(lost: AbortSignal, isBeside: boolean): Promise<number> {
    const early = this.deps.env.gapMs - this.sinceTriedMs;
    if (early > 0 && this.base.meta.final && !isBeside) return early;
    this.wasExchange = !isBeside;
    if (!isBeside) this.triedAt = this.deps.env.now();
    const abort = new AbortController();
    const end = () => abort.abort();
    lost.addEventListener("abort", end);
    try {
      return isBeside ? await this.stepBeside(abort) : await this.exchangeOnce(abort);
    } catch (error) {
      return await this.afterError(error);
    } finally {
      lost.removeEventListener("abort", end);
    }
  }

  private async exchangeOnce(abort: AbortController): Promise<number> {
    const { deps, pace } = this;
    const token = await deps.token();
    if (this.mustFork && token !== null) await this.fork();
    const limit = { bytes: pace.pageBytes * 2, units: pace.unitsMax, mayNumber: this.isReached };
    const units = await nextOps(deps.mine, limit, deps.env.now());
    if (abort.signal.aborted) return 0;
    deps.status({ phase: units.length > 0 ? "sending" : "receiving" });
    this.isHinted = false;
    this.hasPushed = 0;
    const before = this.base;
    const ending = await exchange(this.errand(token, units, abort));
    if (ending.kind !== "done" && ending.kind !== "torn") this.indexes.forgetAll();
    const waitMs = await this.after(ending, units);
    if (this.base !== before) deps.told("cut");
    return waitMs;
  }

  private errand(token: string | null, units: readonly Unit[], abort: AbortController): Errand {
    const { deps } = this;
    return {
      wire: deps.wire,
      token,
      mine: deps.mine,
      store: deps.store,
      indexes: this.indexes,
      base: this.base,
      units,
      wanted: deps.mine.wanted,
      lists: this.beside?.lists(this.base) ?? [],
      saysBuckets: this.saysBuckets,
      pageBytes: this.isPaused ? 8 * 1024 : this.pace.pageBytes,
      stopsAtCut: this.isPaused,
      now: deps.env.now,
      abort,
      heard: () => deps.status({ link: this.pace.isSlow ? "slow" : "online" }),
      answered: (seqs) => {
        this.hasPushed += seqs.length;
        deps.told("wishes", seqs);
      },
    };
  }

  // --- endings --------------------------------------------------------------------------------------------------------

  private async after(ending: Ending, units: readonly Unit[]): Promise<number> {
    const isAway = ending.kind === "offline" || ending.kind === "foreign";
    this.isReached = !isAway && (ending.kind !== "refused" || units.length > 0);
    switch (ending.kind) {
      case "done":
        return await this.afterPage(ending, units);
      case "nothing":
        this.polling.nothingMoved();
        this.pace.moved();
        return this.well(null);
      case "torn":
        return this.afterTorn(ending.base);
      case "again":
        this.saysBuckets = true;
        return this.notStuck("again");
      case "fork":
        await this.fork();
        return this.notStuck("fork");
      case "upgrade":
        this.well("upgrade");
        return hasUnsent(this.deps.mine) && this.hasPushed > 0 ? 0 : POLL_MS_MAX;
      case "overtaken":
        await this.reread();
        return this.notStuck("overtaken");
      case "offline":
      case "foreign":
        this.pace.failed();
        this.isHinted = true;
        this.deps.status({ link: "offline", phase: "idle" });
        return this.pace.waitMs;
      case "refused":
        return await this.afterRefusal(ending, units);
    }
  }

  private async afterPage(ending: Extract<Ending, { kind: "done" }>, units: readonly Unit[]): Promise<number> {
    const { base, more, measured } = ending;
    const hasMoved = base.meta.cursor !== this.base.meta.cursor || this.hasPushed > 0;
    this.base = base;
    this.saysBuckets = false;
    this.pace.succeeded(measured);
    this.pace.unitsMax = Number.POSITIVE_INFINITY;
    const code =
      (await this.besideFor(base, ending.differing))?.answered(base, ending.differing, ending.listed) ?? null;
    this.well(code === null ? null : "server", code);
    if (!hasMoved) return (more && !this.isPaused) || units.length > 0 ? this.notStuck("same") : 0;
    this.polling.somethingMoved();
    this.pace.moved();
    return 0;
  }

  private afterTorn(base: PageBase): number {
    const hasMoved = base.meta.cursor !== this.base.meta.cursor || this.hasPushed > 0;
    this.base = base;
    this.isHinted = true;
    if (hasMoved) this.pace.moved();
    this.pace.wasCut();
    this.deps.status({ link: "slow" });
    return hasMoved ? 0 : this.pace.waitMs;
  }

  private async afterRefusal(
    { status, code, retryAfterMs, opIndex }: Extract<Ending, { kind: "refused" }>,
    units: readonly Unit[],
  ): Promise<number> {
    this.deps.status({ link: "online" });
    this.isHinted = true;
    this.pace.failed();
    if (status === 401 && code === "account.erased") return this.unwell("erased", code);
    if (status === 401) {
      this.mustFork ||= code === "device.revoked";
      return this.unwell("sign_in");
    }
    if (status === 409) {
      await this.fork();
      return this.notStuck(code);
    }
    if (status === 413 || status === 422) return await this.sendLess(code, opIndex, units);
    this.deps.status({ problem: "server", code, phase: "idle" });
    return Math.max(retryAfterMs ?? 0, this.pace.waitMs);
  }

  /** The server takes no request like this: send half of it, and in the end find the unit that no request may carry. */
  private async sendLess(code: string, opIndex: number | null, units: readonly Unit[]): Promise<number> {
    const guilty = opIndex === null ? units[0] : unitAt(units, opIndex);
    if (units.length === 0 || guilty === undefined) return this.unwell("server");
    if (units.length > 1 && opIndex === null) {
      this.pace.unitsMax = Math.ceil(units.length / 2);
      return 0;
    }
    await setAside(this.deps.mine, guilty, { code, message: "The server cannot take this as it is." });
    this.deps.told("mine");
    return 0;
  }

  private well(problem: Problem, code: string | null = null): number {
    this.deps.status({ problem, code, link: this.pace.isSlow ? "slow" : "online", lastCutAt: this.base.meta.cutAt });
    if (this.base.meta.final) this.deps.status({ phase: "idle" });
    return 0;
  }

  private unwell(problem: Problem, code: string | null = null): number {
    this.deps.status({ problem, code, phase: "idle" });
    return Math.max(20 * this.deps.env.gapMs, this.pace.waitMs);
  }

  /** Go on at once, unless the same has come three times. */
  private notStuck(answer: string): number {
    this.isHinted = true;
    const key = `${answer} ${this.base.meta.cursor} ${this.deps.mine.device.id}`;
    if (!this.pace.isStuck(answer === "fork" ? answer : key)) return 0;
    this.deps.status({ problem: "server", phase: "idle" });
    return this.pace.waitMs;
  }

  private async afterError(error: unknown): Promise<number> {
    this.indexes.forgetAll();
    if (error instanceof Overtaken || error instanceof Outrun) {
      await this.reread();
      return this.notStuck("outrun");
    }
    if (!isQuotaError(error)) throw error;
    await this.reread();
    return this.unwell("quota");
  }

  private async reread(): Promise<void> {
    const [{ meta, covers, parts, files }] = await Promise.all([this.deps.store.state(), this.deps.mine.reload()]);
    if (meta.fence > this.fence || this.deps.mine.device.fence > this.fence)
      throw new Overtaken("A newer leader writes.");
    this.base = {
      meta,
      covers: new Map(covers.map((cover) => [pairKey([cover.bucket, cover.tier]), cover])),
      parts: new Map(parts.map((part) => [partKey(placeOf(part)), part])),
      files,
    };
    this.indexes.forgetAll();
  }

  private async fork(): Promise<void> {
    this.mustFork = false;
    await fork(this.deps.mine);
    await this.deps.store.lead(this.fence, this.deps.mine.device.id);
    await this.reread();
    this.deps.told("mine");
  }

  // --- beside the exchanges -------------------------------------------------------------------------------------------

  /** Sets that cannot be read: to be mended. */
  mend(pairs: readonly Pair[]): void {
    this.damaged = [...this.damaged, ...pairs];
    this.wake();
  }

  private async isBesideDue(): Promise<boolean> {
    const beside = await this.besideFor(this.base, this.damaged);
    beside?.damaged(this.damaged);
    if (beside) this.damaged = [];
    return beside?.isDue(this.base, this.isPaused) ?? false;
  }

  /** Null: nothing is to be mended or fetched, and never was. */
  private async besideFor({ meta, files }: PageBase, pairs: readonly Pair[]): Promise<Beside | null> {
    if (this.beside || meta.check.length + files.size + pairs.length === 0) return this.beside;
    const { Beside } = await import("./beside.js");
    const { env, wire, mine, store, token, status, laid } = this.deps;
    const heard = () => status({ link: this.pace.isSlow ? "slow" : "online" });
    const { indexes, pace } = this;
    const [device, isUrgent] = [() => mine.device.id, () => hasUnsent(mine)];
    this.beside = new Beside({ env, wire, store, indexes, pace, device, token, laid, heard, isUrgent });
    return this.beside;
  }

  private async stepBeside(abort: AbortController): Promise<number> {
    if (this.beside === null) return 0;
    this.deps.status({ phase: "receiving" });
    const before = this.base;
    const { base, ending, asksNext, isTorn } = await this.beside.step(before, abort);
    this.base = base;
    if (base !== before) this.deps.told("cut");
    this.isHinted ||= asksNext;
    if (ending) return await this.after(ending, []);
    if (!isTorn) return 0;
    this.pace.wasCut();
    return this.pace.waitMs;
  }

  private async sleep(ms: number, lost: AbortSignal): Promise<void> {
    if (lost.aborted) return;
    await pause(ms, this.wakeUp.signal);
    if (this.wakeUp.signal.aborted) this.wakeUp = new AbortController();
  }
}

function unitAt(units: readonly Unit[], index: number): Unit | undefined {
  let at = 0;
  return units.find((unit) => {
    at += unit.length;
    return index < at;
  });
}
