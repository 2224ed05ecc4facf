/** What the leader does between exchanges: mending sets that do not agree, fetching base files. Loaded when there is any of it. */

import { type Compared, compare } from "./compare.js";
import type { Env } from "./env.js";
import type { Ending } from "./exchange.js";
import { Fetching, type Laid } from "./fetching.js";
import type { LineIndexes } from "./indexes.js";
import { Mending } from "./mending.js";
import type { Pace } from "./pace.js";
import type { ListAsked, Wire } from "./request.js";
import type { Pair, RowStore } from "./rows.js";
import type { PageBase } from "./staging.js";

const FILE_BYTES = 64 * 1024;
const FILES_AT_ONCE_MAX = 4; // Memory: so many files of about 64 KiB.

export interface BesideDeps {
  readonly env: Env;
  readonly wire: Wire;
  readonly store: RowStore;
  readonly indexes: LineIndexes;
  readonly pace: Pace;
  readonly device: () => string;
  readonly token: () => Promise<string | null>;
  readonly laid: Laid;
  readonly heard: () => void;
  readonly isUrgent: () => boolean; // Somebody's wish waits to be sent.
}

/** What one step came to. `ending`: the server refused it, or nobody answers. */
export interface Step {
  readonly base: PageBase;
  readonly ending: Ending | null;
  readonly asksNext: boolean; // An exchange can tell now whether it agrees, or has to bring a list.
  readonly isTorn: boolean; // Wait a little, then go on.
}

export class Beside {
  private readonly mending = new Mending();
  private readonly fetching = new Fetching();

  constructor(private readonly deps: BesideDeps) {}

  /** Chunks of these do not open. */
  damaged(pairs: readonly Pair[]): void {
    this.mending.add(pairs);
  }

  /** Sets whose list of base files the next exchange asks for. */
  lists(base: PageBase): ListAsked[] {
    return this.fetching.wanted(base);
  }

  /** A whole answer came. The code of what people should know, or null. */
  answered(base: PageBase, differing: readonly Pair[], listed: ReadonlySet<string>): string | null {
    this.fetching.answered(listed);
    return this.mending.judged(differing, base.meta.check, this.deps.env.now()) ? "copy.disagrees" : null;
  }

  isDue(base: PageBase, isPaused: boolean): boolean {
    const mayFetch = !isPaused && base.files.size > 0;
    const now = this.deps.env.now();
    return (
      this.mending.hasBroken || this.mending.next(base, now) !== null || (mayFetch && this.fetching.next(base) !== null)
    );
  }

  /** One comparison, or a few files. Raises: Overtaken; QuotaExceededError. */
  async step(base: PageBase, abort: AbortController): Promise<Step> {
    if (this.mending.hasBroken) return stepTo(await this.mending.suspect(this.deps, base));
    const pair = this.mending.next(base, this.deps.env.now());
    return pair ? await this.compare(base, pair, abort) : await this.fetch(base, abort);
  }

  private async compare(base: PageBase, pair: Pair, abort: AbortController): Promise<Step> {
    const { wire, store, indexes, pace, heard, device, isUrgent } = this.deps;
    const errand = { wire, store, indexes, pair, abort, heard, token: await this.deps.token(), device: device() };
    const compared = await compare(
      { ...errand, pageBytes: () => pace.pageBytes, isWanted: () => !isUrgent() && !abort.signal.aborted },
      base,
    );
    this.mending.compared(pair, compared);
    return { ...stepTo(compared.base), ...outcomeOf(compared) };
  }

  private async fetch(base: PageBase, abort: AbortController): Promise<Step> {
    const pair = this.fetching.next(base);
    if (pair === null) return stepTo(base);
    const { env, wire, store, indexes, pace, laid } = this.deps;
    const atOnce = Math.max(1, Math.min(FILES_AT_ONCE_MAX, Math.floor(pace.pageBytes / FILE_BYTES)));
    const from = env.now();
    const fetched = await this.fetching.fetch({ wire, store, indexes, atOnce, abort, laid }, base, pair);
    if (fetched.kind === "offline") return { ...stepTo(base), ending: { kind: "offline" } };
    if (fetched.kind !== "stored")
      return { ...stepTo(base), asksNext: fetched.kind === "absent", isTorn: fetched.kind === "busy" };
    if (fetched.bytes > 0) pace.succeeded({ bytes: fetched.bytes, ms: env.now() - from, firstByteMs: 0 });
    return { ...stepTo(fetched.base), asksNext: fetched.isDone };
  }
}

const stepTo = (base: PageBase): Step => ({ base, ending: null, asksNext: false, isTorn: false });

function outcomeOf({ outcome, hasMoved }: Compared): Partial<Step> {
  switch (outcome.kind) {
    case "done":
      return { asksNext: true };
    case "later":
      return {};
    case "torn":
      return { isTorn: !hasMoved };
    case "refused": {
      const isForExchange = outcome.status === 404 || outcome.code === "cursor.off_chain";
      return isForExchange ? { asksNext: true } : { ending: outcome };
    }
    default:
      return { ending: outcome.kind === "nothing" ? { kind: "foreign" } : outcome };
  }
}
