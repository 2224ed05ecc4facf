/** The page's side of an open package: answers the frame, believes little of what it says, and keeps what is to be kept. */

import type { Item, Opened } from "./outline.ts";
import type { Kept } from "./scorm/kept.ts";
import type { Learner } from "./scorm/session.ts";
import { type Boot, FRAME, isHello, readKept, type ToFrame, type ToPage } from "./wire.ts";

const LEAVE_MS = 1_500; // A package that does not end by then is closed all the same.
const KEEP_EVERY_MS = 2_000;
const OUTSIDE_MAX = 20; // Told to the person; a package that goes on knocking is not heard.

export interface Visited {
  readonly opened: Opened;
  readonly item: Item;
  readonly learner: Learner;
  readonly kept: Kept;
  readonly keep: (kept: Kept) => void;
  readonly onOutside: (address: string) => void;
}

export const addressOf = ({ path = "", query = "" }: Item): string =>
  FRAME + path.split("/").map(encodeURIComponent).join("/") + query;

export class Host {
  readonly #visited: Visited;
  readonly #frame: HTMLIFrameElement;
  #kept: Kept;
  #port: MessagePort | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #outside = 0;
  #onLeft: (() => void) | null = null;

  constructor(visited: Visited, frame: HTMLIFrameElement) {
    this.#visited = visited;
    this.#frame = frame;
    this.#kept = visited.kept;
    addEventListener("message", this.#hear);
    addEventListener("pagehide", this.#flush);
  }

  /** Let the package end by itself, then keep what it said last. Twice is once. */
  async leave(): Promise<void> {
    const left = new Promise<void>((resolve) => {
      this.#onLeft = resolve;
      setTimeout(resolve, LEAVE_MS);
    });
    if (this.#port) {
      this.#port.postMessage({ kind: "leave" } satisfies ToFrame);
      await left;
    }
    this.close();
  }

  /** At once: what the frame still says as it goes is heard for a moment. */
  close(): void {
    removeEventListener("message", this.#hear);
    removeEventListener("pagehide", this.#flush);
    this.#flush();
    const port = this.#port;
    setTimeout(() => port?.close(), LEAVE_MS);
  }

  readonly #hear = (event: MessageEvent<unknown>): void => {
    const port = event.ports[0];
    if (event.source !== this.#frame.contentWindow || event.origin !== "null" || !isHello(event.data) || !port) return;
    const { opened, item, learner } = this.#visited;
    port.onmessage = ({ data }: MessageEvent<ToPage>) => this.#take(data);
    this.#port = port;
    const { files, outline } = opened;
    port.postMessage({ kind: "boot", files, edition: outline.edition, item, kept: this.#kept, learner } satisfies Boot);
  };

  #take(words: ToPage): void {
    if (words.kind === "left") this.#onLeft?.();
    if (words.kind === "outside" && this.#outside < OUTSIDE_MAX) {
      this.#outside += 1;
      this.#visited.onOutside(String(words.address).slice(0, 500));
    }
    const kept = words.kind === "kept" ? readKept(words.kept) : null;
    if (!kept) return;
    const isEnd = kept.run === "ended" && this.#kept.run !== "ended";
    this.#kept = kept;
    if (isEnd) this.#flush();
    else this.#timer ??= setTimeout(this.#flush, KEEP_EVERY_MS);
  }

  readonly #flush = (): void => {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#kept !== this.#visited.kept) this.#visited.keep(this.#kept);
  };
}
