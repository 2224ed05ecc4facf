/** Downloads of courses: rows through the engine, pictures as files, one course after the other.
 *
 * What the person wants is kept in localStorage beside the engine's own list; what is here is counted, never believed.
 */

import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import type { BucketState, Engine } from "#sync";
import { accessToken } from "../app/auth.ts";
import type { MediaFile } from "../app/rows.ts";
import { deleteFile, FileDamaged, fetchFile, keptFiles } from "./files.ts";
import { chooseVariant, thisScreen } from "./variants.ts";

export type Quality = "text" | "pictures";
export interface Wish {
  readonly quality: Quality;
  readonly isPaused: boolean;
}
export type Phase = "waiting" | "running" | "paused" | "ready" | "full" | "damaged";
export interface Download extends Wish {
  readonly courseId: string;
  readonly phase: Phase;
  readonly bytes: number; // On this phone, rows and files.
  readonly total: number; // To be on this phone when ready.
  readonly secondsLeft: number | null;
}

const AT_ONCE = 3;
const RETRY_MS = 15_000;
const PREFIX = "spark-downloads-";

export const bucketOf = (courseId: string) => `course:${courseId}`;

export class Downloads {
  readonly engine: Engine;
  readonly #wishes = signal<Readonly<Record<string, Wish>>>({});
  readonly #kept = signal<ReadonlySet<string>>(new Set());
  readonly #flying = signal(0); // Bytes of files that are coming now and are not verified yet.
  readonly #isCut = signal(false); // The last try for a file met no network.
  readonly #halted = signal<Readonly<Record<string, "full" | "damaged">>>({});
  readonly #rate = new Rate();
  readonly #views = new Map<string, ReadonlySignal<Download | null>>();
  #abort: AbortController | null = null;
  #busyWith: string | null = null;
  #stop: () => void = () => undefined;

  constructor(engine: Engine) {
    this.engine = engine;
    this.#wishes.value = readWishes(engine.userId);
    void keptFiles().then((kept) => {
      this.#kept.value = kept;
      this.#stop = effect(() => this.#goOn());
    });
  }

  get wishes(): Readonly<Record<string, Wish>> {
    return this.#wishes.value;
  }

  /** How one course stands; null when nobody asked for it. */
  of(courseId: string): ReadonlySignal<Download | null> {
    const made = this.#views.get(courseId) ?? computed(() => this.#look(courseId));
    this.#views.set(courseId, made);
    return made;
  }

  async start(courseId: string, quality: Quality): Promise<void> {
    this.#halted.value = {};
    this.#wish(courseId, { quality, isPaused: false });
    await this.engine.want(bucketOf(courseId));
    this.engine.sync();
    void navigator.storage?.persist?.();
  }

  pause(courseId: string): void {
    const wish = this.#wishes.peek()[courseId];
    if (!wish) return;
    this.#wish(courseId, { ...wish, isPaused: true });
    if (this.#busyWith === courseId) this.#abort?.abort();
    this.#holdRows();
  }

  resume(courseId: string): void {
    const wish = this.#wishes.peek()[courseId];
    if (!wish) return;
    this.#halted.value = {};
    this.#wish(courseId, { ...wish, isPaused: false });
    this.#holdRows();
    this.engine.sync();
  }

  /** Take a course off this phone. What the person wrote in it stays, also what is unsent. */
  async remove(courseId: string): Promise<void> {
    const mine = filesOf(this.engine, courseId);
    const { [courseId]: _gone, ...rest } = this.#wishes.peek();
    if (this.#busyWith === courseId) this.#abort?.abort();
    this.#wishes.value = rest;
    writeWishes(this.engine.userId, rest);
    const still = new Set(Object.keys(rest).flatMap((other) => filesOf(this.engine, other).map((file) => file.sha256)));
    if (!somebodyElseHas(courseId, this.engine.userId)) {
      await Promise.all(mine.filter((file) => !still.has(file.sha256)).map((file) => deleteFile(file.sha256)));
    }
    this.#kept.value = await keptFiles();
    await this.engine.unwant(bucketOf(courseId));
  }

  /** One picture on request, from a course that was taken as text only. */
  async fetchOne(sha256: string): Promise<void> {
    const token = () => accessToken(this.engine.userId);
    await fetchFile({ sha256, token, signal: new AbortController().signal, onBytes: () => undefined });
    this.#kept.value = await keptFiles();
  }

  isKept(sha256: string): boolean {
    return this.#kept.value.has(sha256);
  }

  close(): void {
    this.#stop();
    this.#abort?.abort();
  }

  #wish(courseId: string, wish: Wish): void {
    this.#wishes.value = { ...this.#wishes.peek(), [courseId]: wish };
    writeWishes(this.engine.userId, this.#wishes.peek());
  }

  /** The engine pauses all fills or none: rows wait only when every unfinished course is paused. */
  #holdRows(): void {
    const open = Object.entries(this.#wishes.peek()).filter(([id]) => this.of(id).peek()?.phase !== "ready");
    this.engine.pause(open.length > 0 && open.every(([, wish]) => wish.isPaused));
  }

  #look(courseId: string): Download | null {
    const wish = this.#wishes.value[courseId];
    if (!wish) return null;
    const rows = rowsOf(this.engine.buckets.value.find((state) => state.bucket === bucketOf(courseId)));
    const wanted = wish.quality === "text" ? [] : filesOf(this.engine, courseId);
    const here = wanted.filter((file) => this.#kept.value.has(file.sha256));
    const isBusy = this.#busyWith === courseId;
    const bytes = rows.held + sum(here) + (isBusy ? this.#flying.value : 0);
    const total = rows.total + sum(wanted);
    const isReady = rows.isFull && here.length === wanted.length;
    return {
      ...wish,
      courseId,
      bytes: Math.min(bytes, total),
      total,
      phase: isReady ? "ready" : this.#phase(courseId, wish),
      secondsLeft: isReady ? null : this.#rate.secondsFor(total - bytes),
    };
  }

  #phase(courseId: string, wish: Wish): Phase {
    const halted = this.#halted.value[courseId];
    if (halted) return halted;
    if (wish.isPaused) return "paused";
    return this.engine.status.value.link === "offline" || this.#isCut.value ? "waiting" : "running";
  }

  /** Runs again whenever rows, wishes or the link change: no flag to forget. */
  #goOn(): void {
    const next = Object.keys(this.#wishes.value).find((id) => {
      const phase = this.of(id).value?.phase;
      return (phase === "running" || phase === "waiting") && this.#missing(id).length > 0;
    });
    const isOffline = this.engine.status.value.link === "offline";
    if (next !== undefined && !isOffline && this.#busyWith === null) void this.#bring(next);
  }

  #missing(courseId: string): readonly FileWanted[] {
    if (this.#wishes.value[courseId]?.quality === "text") return [];
    return filesOf(this.engine, courseId).filter((file) => !this.#kept.value.has(file.sha256));
  }

  async #bring(courseId: string): Promise<void> {
    this.#busyWith = courseId;
    const abort = new AbortController();
    this.#abort = abort;
    const queue = [...this.#missing(courseId)];
    const problems: unknown[] = [];
    const lane = () =>
      this.#lane(queue, abort).catch((error: unknown) => {
        problems.push(error); // The first says why; the others only stop because of it.
        abort.abort();
      });
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    this.#flying.value = 0;
    if (problems.length > 0) await this.#rest(courseId, problems[0]);
    this.#busyWith = null;
    this.#kept.value = await keptFiles(); // Wakes #goOn: the next course, or the rest of this one.
  }

  /** After a try that failed: note why, and wait as long as that reason asks for. */
  async #rest(courseId: string, error: unknown): Promise<void> {
    if (isWish(error)) return;
    if (isFull(error)) this.#halted.value = { ...this.#halted.peek(), [courseId]: "full" };
    else if (error instanceof FileDamaged) this.#halted.value = { ...this.#halted.peek(), [courseId]: "damaged" };
    else {
      this.#isCut.value = true;
      await new Promise<void>((resolve) => {
        setTimeout(resolve, RETRY_MS);
        addEventListener("online", () => resolve(), { once: true });
      });
    }
  }

  async #lane(queue: FileWanted[], abort: AbortController): Promise<void> {
    const token = () => accessToken(this.engine.userId);
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      if (abort.signal.aborted) return;
      let came = 0;
      const onBytes = (bytes: number) => {
        came += bytes;
        if (bytes > 0) this.#isCut.value = false;
        this.#flying.value += bytes;
        this.#rate.note(bytes);
      };
      await fetchFile({ sha256: file.sha256, token, signal: abort.signal, onBytes });
      this.#flying.value -= came;
      this.#kept.value = new Set([...this.#kept.peek(), file.sha256]);
    }
  }
}

interface FileWanted {
  readonly sha256: string;
  readonly bytes: number;
}

function filesOf(engine: Engine, courseId: string): readonly FileWanted[] {
  const screen = thisScreen();
  const { value } = engine.rows<MediaFile>("media.files", { bucket: bucketOf(courseId) }).value;
  const chosen = value.map((file) => chooseVariant(file, screen)).filter((variant) => variant !== undefined);
  return [...new Map(chosen.map((variant) => [variant.sha256, variant])).values()];
}

function rowsOf(state: BucketState | undefined): { held: number; total: number; isFull: boolean } {
  const tiers = state?.tiers ?? [];
  const held = tiers.map((tier) => (tier.rows > 0 ? (tier.bytes * Math.min(tier.rowsHeld, tier.rows)) / tier.rows : 0));
  return {
    held: Math.round(held.reduce((a, b) => a + b, 0)),
    total: tiers.reduce((bytes, tier) => bytes + tier.bytes, 0),
    isFull: tiers.length > 0 && tiers.every((tier) => tier.state === "full"),
  };
}

const sum = (files: readonly FileWanted[]) => files.reduce((bytes, file) => bytes + file.bytes, 0);

const isFull = (error: unknown) => error instanceof DOMException && error.name === "QuotaExceededError";

/** Stopped because the person said so. */
const isWish = (error: unknown) => error instanceof DOMException && error.name === "AbortError";

/** Bytes a second over the last ten seconds. */
class Rate {
  readonly #marks: [at: number, bytes: number][] = [];

  note(bytes: number): void {
    if (bytes <= 0) return;
    const now = performance.now();
    this.#marks.push([now, bytes]);
    while (this.#marks.length > 1 && now - (this.#marks[0]?.[0] ?? now) > 10_000) this.#marks.shift();
  }

  secondsFor(bytes: number): number | null {
    const first = this.#marks[0];
    if (!first || this.#marks.length < 4) return null;
    const span = (performance.now() - first[0]) / 1000;
    const rate = this.#marks.reduce((all, [, some]) => all + some, 0) / Math.max(span, 0.5);
    return rate > 0 ? bytes / rate : null;
  }
}

/** Files are kept once for all people of the phone. */
function somebodyElseHas(courseId: string, userId: string): boolean {
  return Object.keys(localStorage).some(
    (key) => key.startsWith(PREFIX) && key !== PREFIX + userId && courseId in readWishes(key.slice(PREFIX.length)),
  );
}

function readWishes(userId: string): Readonly<Record<string, Wish>> {
  const stored = localStorage.getItem(PREFIX + userId);
  return stored === null ? {} : (JSON.parse(stored) as Record<string, Wish>); // Written by writeWishes alone.
}

function writeWishes(userId: string, wishes: Readonly<Record<string, Wish>>): void {
  localStorage.setItem(PREFIX + userId, JSON.stringify(wishes));
}
