/** How much to ask for, how long to wait: measured, so that a thin link is not drowned and a dead one not hammered. */

const PAGE_BYTES_MIN = 8 * 1024;
const PAGE_BYTES_MAX = 256 * 1024;
const WAIT_MS_MIN = 1000;
const WAIT_MS_MAX = 5 * 60 * 1000;
const SLOW_BYTES_PER_S = 6 * 1024;
const SLOW_FIRST_BYTE_MS = 3000;
const SAME_ANSWERS_MAX = 3;

export interface Measured {
  readonly bytes: number;
  readonly ms: number;
  readonly firstByteMs: number;
}

export class Pace {
  pageBytes = PAGE_BYTES_MIN;
  unitsMax = Number.POSITIVE_INFINITY; // Halved while the server refuses our requests for their size or shape.
  isSlow = false;
  private failures = 0;
  private lastAnswer = "";
  private sameAnswers = 0;

  constructor(
    private readonly leastMs: number,
    private readonly random: () => number,
  ) {}

  /** A whole answer came: the next may be larger, if this one was of any size and did not take too long. */
  succeeded(measured: Measured): void {
    this.failures = 0;
    const perSecond = measured.bytes / Math.max(0.001, (measured.ms - measured.firstByteMs) / 1000);
    const isTelling = measured.bytes > 2048;
    this.isSlow = measured.firstByteMs > SLOW_FIRST_BYTE_MS || (isTelling && perSecond < SLOW_BYTES_PER_S);
    if (measured.ms < 4000) this.pageBytes = Math.min(PAGE_BYTES_MAX, this.pageBytes * 2);
    else if (measured.ms > 10_000) this.halve();
  }

  wasCut(): void {
    this.halve();
    this.failures += 1;
  }

  failed(): void {
    this.failures += 1;
  }

  private halve(): void {
    this.pageBytes = Math.max(PAGE_BYTES_MIN, this.pageBytes / 2);
  }

  /** Did the same request get the same answer three times? Then asking on is noise: wait, as after a failure. */
  isStuck(answer: string): boolean {
    this.sameAnswers = answer === this.lastAnswer ? this.sameAnswers + 1 : 1;
    this.lastAnswer = answer;
    if (this.sameAnswers >= SAME_ANSWERS_MAX) this.failures += 1;
    return this.sameAnswers >= SAME_ANSWERS_MAX;
  }

  moved(): void {
    this.lastAnswer = "";
    this.sameAnswers = 0;
  }

  /** Full jitter: anywhere between nothing and the ceiling, which doubles with each failure. */
  get waitMs(): number {
    const ceiling = Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** Math.min(this.failures, 12));
    return Math.max(this.leastMs, this.random() * ceiling);
  }
}
