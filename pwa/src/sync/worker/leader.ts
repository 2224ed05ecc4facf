/**
 * One tab speaks for all. It holds a lock and says so every second; a tab that hears nothing for five seconds takes over by
 * `steal`, because a frozen tab keeps its lock for ever. The old leader learns it late: the fence in each transaction keeps
 * it from writing meanwhile.
 */

import type { Channel, Locks } from "./env.js";

const BEAT_MS = 1000; // Hidden tabs are slowed to one tick a second: do not go below.
const SILENCE_MS = 5000;

export interface Leading {
  /** Lead until `lost` is aborted. Called again when this tab leads again. */
  lead(lost: AbortSignal): Promise<void>;
}

export class Leadership {
  private readonly closing = new AbortController();
  private timer: ReturnType<typeof setInterval> | undefined;
  private lost: AbortController | null = null;
  private heardAt: number;
  private isAsking = false;

  constructor(
    private readonly locks: Locks | null,
    private readonly channel: Channel,
    private readonly name: string,
    private readonly now: () => number,
    private readonly leading: Leading,
  ) {
    this.heardAt = now();
  }

  start(): void {
    this.timer = setInterval(() => this.tick(), BEAT_MS);
    this.ask(false);
  }

  heard(): void {
    this.heardAt = this.now();
  }

  /** A newer leader's fence was met: follow until it falls silent. */
  yieldTo(): void {
    this.heard();
    this.lost?.abort();
  }

  stop(): void {
    clearInterval(this.timer);
    this.closing.abort();
    this.lost?.abort();
  }

  private tick(): void {
    if (this.lost) this.channel.post({ kind: "beat" });
    else if (Math.abs(this.now() - this.heardAt) > SILENCE_MS) this.ask(true);
    else this.ask(false);
  }

  private ask(isStealing: boolean): void {
    if (this.lost || this.closing.signal.aborted || (this.isAsking && !isStealing)) return;
    this.heard(); // Whoever gets the lock has five seconds to speak.
    if (this.locks === null) {
      if (isStealing || !this.isAsking) void this.lead();
      this.isAsking = true;
      return;
    }
    this.isAsking = true;
    const options = isStealing ? { steal: true } : { signal: this.closing.signal };
    this.locks
      .request(this.name, options, () => this.lead())
      .catch(() => this.lost?.abort()) // Stolen, or closing: either way not ours any more.
      .finally(() => {
        this.isAsking = this.lost !== null;
      });
  }

  private async lead(): Promise<void> {
    if (this.lost || this.closing.signal.aborted) return;
    const lost = new AbortController();
    this.lost = lost;
    this.channel.post({ kind: "beat" });
    try {
      await this.leading.lead(lost.signal);
    } finally {
      this.lost = null;
    }
  }
}
