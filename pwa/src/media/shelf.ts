/** What lies on this phone and what its person wants there, as signals; the same in every tab. */

import { signal } from "@preact/signals";
import { isKept } from "../app/keeping.ts";
import { holding } from "./files.ts";
import { dropWish, keepWish, type Wish, wishesOf } from "./wishes.ts";

export class Shelf {
  readonly wishes = signal<Readonly<Record<string, Wish>>>({}); // By course.
  readonly whole = signal<ReadonlySet<string>>(new Set()); // Hashes of verified files.
  readonly came = signal<ReadonlyMap<string, number>>(new Map()); // Bytes of files that are not whole.
  readonly opens = signal(false); // What opens packages is here, for when there is no network.
  readonly #userId: string;
  readonly #otherTabs = new BroadcastChannel("spark-media");
  #writes: Promise<unknown> = Promise.resolve();
  #changes = 0;
  #isClosed = false;

  constructor(userId: string) {
    this.#userId = userId;
    this.#otherTabs.onmessage = () => void this.look();
  }

  async look(): Promise<void> {
    await this.#writes;
    const before = this.#changes;
    const [held, wishes, opens] = await Promise.all([holding(), wishesOf(this.#userId), isKept("packages")]);
    this.opens.value = opens;
    this.whole.value = held.whole;
    this.came.value = held.came;
    if (before !== this.#changes) return; // What was read is older than what is here.
    this.wishes.value = Object.fromEntries(wishes.map((wish) => [wish.courseId, wish]));
  }

  async keep(wish: Wish): Promise<void> {
    this.wishes.value = { ...this.wishes.peek(), [wish.courseId]: wish };
    await this.#write(() => keepWish(wish));
  }

  /** Returns the wish that there was. */
  async giveUp(courseId: string): Promise<Wish | undefined> {
    const { [courseId]: wish, ...rest } = this.wishes.peek();
    this.wishes.value = rest;
    if (wish) await this.#write(() => dropWish(wish));
    return wish;
  }

  noteCame(sha256: string, bytes: number): void {
    this.came.value = new Map(this.came.peek()).set(sha256, bytes);
  }

  noteWhole(sha256: string): void {
    const rest = new Map(this.came.peek());
    rest.delete(sha256);
    this.whole.value = new Set(this.whole.peek()).add(sha256);
    this.came.value = rest;
    this.tellTabs();
  }

  tellTabs(): void {
    if (!this.#isClosed) this.#otherTabs.postMessage(null);
  }

  close(): void {
    this.#isClosed = true; // What is still being written goes on; a closed channel would not be spoken to.
    this.#otherTabs.close();
  }

  async #write(run: () => Promise<void>): Promise<void> {
    this.#changes += 1;
    const writing = this.#writes.then(run);
    this.#writes = writing.catch(() => undefined); // Told to whoever wished it.
    await writing;
  }
}
