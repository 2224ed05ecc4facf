/** When to look although nothing here asks for it: at once when the server says that something moved, else now and then. */

import type { Env } from "./env.js";
import { listen } from "./live.js";
import type { Wire } from "./request.js";

const POLL_MS = 30_000; // Without a live stream; doubled while nothing moves.
export const POLL_MS_MAX = 5 * 60_000;

export class Polling {
  private isLive = false; // A hint stream is open: polling may be rare.
  private stream: AbortController | null = null;
  private pollMs = POLL_MS;

  constructor(
    private readonly env: Env,
    private readonly wire: Wire,
    private readonly token: () => Promise<string | null>,
    private readonly moved: () => void,
  ) {}

  /** Hear at once when something of ours, or of a bucket that we hold, has moved. */
  listen(buckets: readonly string[]): void {
    this.stop();
    if (this.env.isDear()) return;
    const stream = new AbortController();
    this.stream = stream;
    const open = (isOpen: boolean) => {
      if (stream.signal.aborted) return;
      this.isLive = isOpen;
      if (isOpen) this.moved(); // Whatever moved before it was open.
    };
    void listen(this.wire, buckets, this.token, stream.signal, { moved: this.moved, open });
  }

  stop(): void {
    this.stream?.abort();
  }

  get intervalMs(): number {
    return this.isLive ? POLL_MS_MAX : this.pollMs;
  }

  nothingMoved(): void {
    this.pollMs = Math.min(POLL_MS_MAX, this.pollMs * 2);
  }

  somethingMoved(): void {
    this.pollMs = POLL_MS;
  }
}
