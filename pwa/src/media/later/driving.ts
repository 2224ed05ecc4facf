/** Brings what is wanted, one course after the other, and lets go what nobody wants any more. */

import { effect, signal, untracked } from "@preact/signals";
import { insist } from "../../app/insist.ts";
import { keepPart } from "../../app/keeping.ts";
import { bucketOf, type Downloads, type FileWanted, type Halt, mayGo, rowsOf } from "../downloads.ts";
import { holding } from "../files.ts";
import { allWishes, type Wish } from "../wishes.ts";
import { askFor, bringAll, bringFile, deleteFile, FileDamaged, isFull } from "./bringing.ts";
import { report } from "./reporting.ts";
import { makeRoom } from "./room.ts";

const RETRY_MS = 1_000; // Doubled by each try that brought nothing.
const RETRY_MAX_MS = 15_000;
const GONE_MS = 300_000; // What the server has lost is asked for again, ever more seldom.
const GONE_MAX_MS = 3_600_000;
const DAY_MS = 86_400_000;
const ROOM_BYTES = 8_388_608; // Freed at once when the person's own work finds no place.

export class Driver {
  readonly #downloads: Downloads;
  readonly #busyWith = signal<string | null>(null);
  readonly #rate = new Rate();
  readonly #asked = new Set<string>(); // Courses whose rows the engine was asked for.
  readonly #reported = new Map<string, string>();
  readonly #stop: () => void;
  #abort: AbortController | null = null;
  #isHeld = false;
  #stopOpener: (() => void) | undefined; // What opens packages was asked for.
  #tries = 0; // Since the last byte came.
  readonly #gone = new Map<string, number>(); // How often, by course, the server did not have a file.
  #later: ReturnType<typeof setTimeout> | undefined;
  #wake: () => void = () => undefined;

  constructor(downloads: Downloads) {
    this.#downloads = downloads;
    for (const wish of Object.values(downloads.shelf.wishes.peek()))
      if (Date.now() - wish.usedAt > DAY_MS)
        void downloads.shelf.keep({ ...wish, usedAt: Date.now() }).catch(() => undefined); // Full: tomorrow, then.
    this.#stop = effect(() => this.#goOn());
  }

  /** The person wants it now: what stopped it before is forgotten. */
  hurry(): void {
    clearTimeout(this.#later);
    this.#downloads.halted.value = {};
    this.#wake();
    this.#downloads.engine.sync();
  }

  async remove(courseId: string): Promise<void> {
    const { engine, shelf } = this.#downloads;
    if (this.#busyWith.peek() === courseId) this.#abort?.abort();
    this.#asked.delete(courseId);
    const wish = await shelf.giveUp(courseId);
    const rows = untracked(() => rowsOf(engine, courseId).value);
    const every = rows.flatMap((file) => [...file.variants, ...(file.renditions ?? [])]).map((one) => one.sha256);
    await this.#drop([...(wish?.files ?? []), ...every]);
    await engine.unwant(bucketOf(courseId));
  }

  async fetchOne(courseId: string, file: FileWanted, signal: AbortSignal): Promise<void> {
    const { engine, shelf } = this.#downloads;
    const onBytes = (all: number, fresh: number) => this.#noteBytes(file.sha256, all, fresh);
    await bringFile({ ...file, ask: askFor(engine.userId, courseId), signal, onBytes });
    shelf.noteWhole(file.sha256);
  }

  close(): void {
    this.#stop();
    this.#stopOpener?.();
    clearTimeout(this.#later);
    this.#abort?.abort();
  }

  /** Runs again whenever rows, wishes or the link change: no flag to forget. */
  #goOn(): void {
    const { engine, shelf } = this.#downloads;
    const open = Object.values(shelf.wishes.value);
    for (const wish of open) this.#askForRows(wish);
    const busy = open.find((wish) => wish.courseId === this.#busyWith.value);
    if (busy && (busy.isPaused || !mayGo(busy))) this.#abort?.abort();
    const drifted = open.find((wish) => this.#isDrifted(wish));
    if (drifted) queueMicrotask(() => void this.#noteFiles(drifted).catch(() => undefined)); // Full: with the next change.
    for (const wish of open) this.#report(wish);
    // What opens packages is no file of a course: the service worker brings it, once.
    const hasPackage = ({ courseId }: Wish) => rowsOf(engine, courseId).value.some((file) => file.kind === "package");
    if (!shelf.opens.value && open.some(hasPackage))
      this.#stopOpener ??= insist(
        () => keepPart("packages"),
        () => void shelf.look(),
      );
    this.#holdRows(open);
    const { link, problem } = engine.status.value;
    if (problem === "quota") void this.#giveRoom();
    const next = open.find((wish) => this.#isDue(wish));
    if (next && link !== "offline" && this.#busyWith.value === null) void this.#bring(next);
  }

  #askForRows({ courseId, isPaused, ...wish }: Wish): void {
    const { engine } = this.#downloads;
    if (isPaused || !mayGo({ courseId, isPaused, ...wish }) || this.#asked.has(courseId)) return;
    this.#asked.add(courseId);
    if (!engine.wanted.peek().includes(bucketOf(courseId))) void engine.want(bucketOf(courseId));
  }

  #isDue({ courseId }: Wish): boolean {
    const { isLoading, files } = this.#downloads.listOf(courseId);
    if (isLoading || this.#downloads.of(courseId).value?.phase !== "running") return false;
    return files.some((file) => !this.#downloads.isKept(file.sha256));
  }

  /** Its list of files is not what its rows name by now. */
  #isDrifted({ courseId, files: noted }: Wish): boolean {
    const { isLoading, files } = this.#downloads.listOf(courseId);
    if (isLoading) return false;
    const isReady = this.#downloads.of(courseId).value?.phase === "ready";
    return (isReady && files.length !== noted.length) || files.some(({ sha256 }) => !noted.includes(sha256));
  }

  /** Once it is ready, and when it is not any more: its teachers see it. */
  #report({ courseId, quality }: Wish): void {
    const { engine } = this.#downloads;
    const { isLoading, files, hasPackage } = this.#downloads.listOf(courseId);
    const download = this.#downloads.of(courseId).value;
    if (isLoading || !download || this.#reported.get(courseId) === `${quality} ${download.phase === "ready"}`) return;
    this.#reported.set(courseId, `${quality} ${download.phase === "ready"}`);
    const here = files.filter((file) => this.#downloads.isKept(file.sha256)).length;
    const opener = hasPackage ? 1 : 0; // What opens packages counts as a file.
    const now = {
      quality,
      rows_ready: download.hasRows,
      files_ready: here + (this.#downloads.shelf.opens.peek() ? opener : 0),
      files_wanted: files.length + opener,
      bytes: download.bytes,
    };
    // Not kept, because the phone is full or being closed: said at the next opening.
    queueMicrotask(() => void report(engine, courseId, now).catch(() => undefined));
  }

  /** Name what is wanted; once all of it is here, what a version before wanted is let go. */
  async #noteFiles({ courseId }: Wish): Promise<void> {
    const { shelf } = this.#downloads;
    const wish = shelf.wishes.peek()[courseId];
    if (!wish || !untracked(() => this.#isDrifted(wish))) return;
    const wanted = new Set(untracked(() => this.#downloads.listOf(courseId)).files.map((file) => file.sha256));
    const isReady = this.#downloads.of(courseId).peek()?.phase === "ready";
    const stale = wish.files.filter((sha256) => !wanted.has(sha256));
    await shelf.keep({ ...wish, files: isReady ? [...wanted] : [...wanted, ...stale] });
    if (isReady && stale.length > 0) await this.#drop(stale);
  }

  /** The engine pauses all fills or none: rows wait only when every unfinished course does. */
  #holdRows(all: readonly Wish[]): void {
    const open = all.filter(({ courseId }) => this.#downloads.of(courseId).value?.phase !== "ready");
    const isHeld = open.length > 0 && open.every((wish) => wish.isPaused || !mayGo(wish));
    if (isHeld !== this.#isHeld) this.#downloads.engine.pause(isHeld);
    this.#isHeld = isHeld;
  }

  /** Delete those that no other wish on this phone names. */
  async #drop(hashes: readonly string[]): Promise<void> {
    const named = new Set((await allWishes()).flatMap((wish) => wish.files));
    const held = await holding();
    const here = new Set(hashes.filter((sha256) => held.whole.has(sha256) || held.came.has(sha256)));
    await Promise.all([...here].filter((sha256) => !named.has(sha256)).map((sha256) => deleteFile(sha256)));
    await this.#downloads.refresh();
  }

  async #bring({ courseId }: Wish): Promise<void> {
    const { engine, shelf } = this.#downloads;
    this.#busyWith.value = courseId;
    const abort = new AbortController();
    this.#abort = abort;
    const { files } = untracked(() => this.#downloads.listOf(courseId));
    const missing = files.filter((file) => !shelf.whole.peek().has(file.sha256));
    try {
      const result = await bringAll(missing, {
        ask: askFor(engine.userId, courseId),
        abort,
        onBytes: (sha256, all, fresh) => this.#noteBytes(sha256, all, fresh),
        onWhole: (sha256) => shelf.noteWhole(sha256),
        makeRoom: (bytes) => makeRoom(bytes, engine.userId),
      });
      if (result === "whole") this.#gone.delete(courseId);
      else if (!abort.signal.aborted) this.#askLater(courseId);
    } catch (error) {
      await this.#rest(courseId, error);
    }
    this.#busyWith.value = null; // Wakes #goOn: the next course, or the rest of this one.
  }

  /** After a try that failed: note why, and wait as long as that reason asks for. */
  async #rest(courseId: string, error: unknown): Promise<void> {
    if (error instanceof DOMException && error.name === "AbortError") return; // The person said so.
    if (isFull(error)) return this.#halt(courseId, "full");
    if (error instanceof FileDamaged) return this.#halt(courseId, "damaged");
    const { isCut } = this.#downloads;
    isCut.value = true;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      setTimeout(resolve, Math.min(RETRY_MS * 2 ** this.#tries, RETRY_MAX_MS));
      this.#tries += 1;
      addEventListener("online", () => resolve(), { once: true });
    });
    isCut.value = false;
  }

  /** All else is here, and the server does not have the rest: it may be brought back there. */
  #askLater(courseId: string): void {
    const times = this.#gone.get(courseId) ?? 0;
    this.#gone.set(courseId, times + 1);
    this.#halt(courseId, "gone");
    clearTimeout(this.#later);
    this.#later = setTimeout(() => this.hurry(), Math.min(GONE_MS * 2 ** times, GONE_MAX_MS));
  }

  #halt(courseId: string, why: Halt): void {
    const { halted } = this.#downloads;
    halted.value = { ...halted.peek(), [courseId]: why };
  }

  /** What the person writes comes before what they read: media makes room for it. */
  async #giveRoom(): Promise<void> {
    if ((await makeRoom(ROOM_BYTES, this.#downloads.engine.userId)) > 0) await this.#downloads.refresh();
  }

  #noteBytes(sha256: string, all: number, fresh: number): void {
    this.#downloads.shelf.noteCame(sha256, all);
    if (fresh <= 0) return;
    this.#tries = 0;
    this.#downloads.rate.value = this.#rate.note(fresh);
  }
}

/** Bytes a second over the last ten seconds; 0 before it can be told. */
class Rate {
  readonly #marks: [at: number, bytes: number][] = [];

  note(bytes: number): number {
    const now = performance.now();
    this.#marks.push([now, bytes]);
    while (this.#marks.length > 1 && now - (this.#marks[0]?.[0] ?? now) > 10_000) this.#marks.shift();
    const first = this.#marks[0];
    if (!first || this.#marks.length < 4) return 0;
    const span = (now - first[0]) / 1000;
    return this.#marks.reduce((all, [, some]) => all + some, 0) / Math.max(span, 0.5);
  }
}
