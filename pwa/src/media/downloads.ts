/** Downloads of courses as the screens see them. What brings them is `later/driving.ts`, fetched once it is needed. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { BucketState, Engine, Row } from "#sync";
import { insist } from "../app/insist.ts";
import type { MediaFile } from "../app/rows.ts";
import type { Driver } from "./later/driving.ts";
import { isOnWifi } from "./link.ts";
import { type Chosen, choose, type Quality, thisPhone } from "./quality.ts";
import { Shelf } from "./shelf.ts";
import type { Wish } from "./wishes.ts";

export type Phase = "waiting" | "wifi" | "running" | "paused" | "ready" | "full" | "damaged" | "gone";
export type Halt = Extract<Phase, "full" | "damaged" | "gone">;
export type FileWanted = Pick<Chosen, "sha256" | "bytes">;

export interface Download extends Pick<Wish, "courseId" | "quality" | "wifiOnly" | "isPaused"> {
  readonly phase: Phase;
  readonly bytes: number; // On this phone, rows and files.
  readonly total: number; // To be on this phone when ready.
  readonly secondsLeft: number | null;
  readonly hasRows: boolean; // All of them; files apart.
  readonly missing: number; // Files that are not here.
}

export interface FileList {
  readonly isLoading: boolean; // The rows are still being read: it may be short.
  readonly files: readonly FileWanted[];
  readonly hasPackage: boolean; // Then it is not ready without what opens one.
}

/** As packs count: pictures seen first, captions and sound, further pictures, films, documents. */
const PRIORITY = { image: 2, captions: 1, audio: 1, video: 3, document: 4, package: 5, attachment: 5 } as const;

export const bucketOf = (courseId: string) => `course:${courseId}`;

export class Downloads {
  readonly engine: Engine;
  readonly shelf: Shelf;
  readonly isCut = signal(false); // The last try for a file met no network.
  readonly halted = signal<Readonly<Record<string, Halt>>>({});
  readonly rate = signal(0); // Bytes a second of late; 0: not known.
  readonly #views = new Map<string, ReadonlySignal<Download | null>>();
  readonly #lists = new Map<string, ReadonlySignal<FileList>>();
  readonly #opened: Promise<void>;
  #driver: Promise<Driver> | null = null;
  #isClosed = false;

  constructor(engine: Engine) {
    this.engine = engine;
    this.shelf = new Shelf(engine.userId);
    this.#opened = this.shelf.look().then(() => {
      if (Object.keys(this.wishes).length > 0) void this.#drive();
    });
  }

  get wishes(): Readonly<Record<string, Wish>> {
    return this.shelf.wishes.value;
  }

  /** How one course stands; null when nobody asked for it. */
  of(courseId: string): ReadonlySignal<Download | null> {
    const made = this.#views.get(courseId) ?? computed(() => this.#view(courseId));
    this.#views.set(courseId, made);
    return made;
  }

  /** Wants a course, or wants it otherwise than before: what is here already does not come again. */
  async start(courseId: string, quality: Quality, wifiOnly = false): Promise<void> {
    await this.#opened;
    const { files = [] } = this.shelf.wishes.peek()[courseId] ?? {};
    const { userId } = this.engine;
    await this.shelf.keep({ userId, courseId, quality, wifiOnly, isPaused: false, files, usedAt: Date.now() });
    (await this.#drive()).hurry();
    void navigator.storage?.persist?.();
  }

  pause(courseId: string): Promise<void> {
    return this.#change(courseId, { isPaused: true });
  }

  async resume(courseId: string): Promise<void> {
    await this.#change(courseId, { isPaused: false });
    (await this.#drive()).hurry();
  }

  setWifiOnly(courseId: string, wifiOnly: boolean): Promise<void> {
    return this.#change(courseId, { wifiOnly });
  }

  /** Take a course off this phone. What the person wrote in it stays, also what is unsent; so do files of other courses. */
  async remove(courseId: string): Promise<void> {
    await this.#opened;
    await (await this.#drive()).remove(courseId);
  }

  /** One file on request, also from a course that was taken as text only. Raises as `bringFile` does. */
  async fetchOne(courseId: string, file: FileWanted, signal = new AbortController().signal): Promise<void> {
    await this.#opened;
    await (await this.#drive()).fetchOne(courseId, file, signal);
  }

  isKept(sha256: string): boolean {
    return this.shelf.whole.value.has(sha256);
  }

  /** Bytes that have come of a file which is not whole. */
  cameOf(sha256: string): number {
    return this.shelf.came.value.get(sha256) ?? 0;
  }

  /** Look again at what lies on this phone: a pack has brought something. */
  async refresh(): Promise<void> {
    await this.shelf.look();
    this.shelf.tellTabs();
  }

  close(): void {
    this.#isClosed = true;
    this.shelf.close();
    void this.#driver?.then((driver) => driver.close());
  }

  /** What its rows name at the quality that was chosen. */
  listOf(courseId: string): FileList {
    const look = () => {
      const { state, value } = rowsOf(this.engine, courseId);
      const packs = this.engine.rows<Pack>("catalog.packs", { bucket: bucketOf(courseId) }).value.value;
      const quality = this.wishes[courseId]?.quality ?? "text";
      const files = filesOf(value, packs, quality);
      return { isLoading: state === "loading", files, hasPackage: files.some((file) => file.name === "package") };
    };
    const made = this.#lists.get(courseId) ?? computed(look);
    this.#lists.set(courseId, made);
    return made.value;
  }

  /** Comes with the network, on a phone that does not have the script yet. */
  #drive(): Promise<Driver> {
    this.#driver ??= new Promise((resolve) => {
      const came = ({ Driver }: typeof import("./later/driving.ts")) => {
        this.isCut.value = false;
        if (!this.#isClosed) resolve(new Driver(this));
      };
      const notYet = () => {
        this.isCut.value = true;
      };
      insist(() => import("./later/driving.ts"), came, notYet);
    });
    return this.#driver;
  }

  async #change(courseId: string, change: Partial<Wish>): Promise<void> {
    await this.#opened;
    const wish = this.shelf.wishes.peek()[courseId];
    if (wish) await this.shelf.keep({ ...wish, ...change });
  }

  #view(courseId: string): Download | null {
    const wish = this.wishes[courseId];
    if (!wish) return null;
    const rows = weigh(this.engine.buckets.value.find((state) => state.bucket === bucketOf(courseId)));
    const { isLoading, files, hasPackage } = this.listOf(courseId);
    const [whole, came] = [this.shelf.whole.value, this.shelf.came.value];
    const part = ({ sha256, bytes }: FileWanted) =>
      whole.has(sha256) ? bytes : Math.min(came.get(sha256) ?? 0, bytes);
    const bytes = rows.held + files.reduce((all, file) => all + part(file), 0);
    const total = rows.total + files.reduce((all, file) => all + file.bytes, 0);
    const names = isLoading ? wish.files : files.map((file) => file.sha256);
    const missing = names.filter((sha256) => !whole.has(sha256)).length;
    const isReady = rows.isFull && missing === 0 && (!hasPackage || this.shelf.opens.value);
    const { quality, wifiOnly, isPaused } = wish;
    const phase = isReady ? "ready" : this.#phase(wish);
    const secondsLeft = phase === "running" && this.rate.value > 0 ? (total - bytes) / this.rate.value : null;
    const hasRows = rows.isFull;
    const common = { courseId, quality, wifiOnly, isPaused, phase, total, secondsLeft, hasRows, missing };
    return { ...common, bytes: Math.min(bytes, total) };
  }

  #phase(wish: Wish): Phase {
    const { link, problem } = this.engine.status.value;
    if (wish.isPaused) return "paused";
    if (problem === "quota") return "full";
    const halted = this.halted.value[wish.courseId];
    if (halted) return halted;
    if (!mayGo(wish)) return "wifi";
    return link === "offline" || this.isCut.value ? "waiting" : "running";
  }
}

export const mayGo = (wish: Wish) => !wish.wifiOnly || isOnWifi.value;

export const rowsOf = (engine: Engine, courseId: string) =>
  engine.rows<MediaFile>("media.files", { bucket: bucketOf(courseId) }).value;

type Pack = Row & { readonly files: readonly { readonly file_id: string; readonly priority: number }[] };

/** What a course's rows name, each file once, in the order in which it should come. */
function filesOf(rows: readonly MediaFile[], packs: readonly Pack[], quality: Quality): readonly Chosen[] {
  const phone = thisPhone();
  const places = new Map(packs.flatMap((pack) => pack.files.map((file) => [file.file_id, file.priority])));
  const place = (file: MediaFile) => places.get(file.id) ?? PRIORITY[file.kind ?? "image"];
  const chosen = [...rows].sort((a, b) => place(a) - place(b)).flatMap((file) => choose(file, quality, phone));
  return [...new Map(chosen.map((one) => [one.sha256, one])).values()];
}

function weigh(state: BucketState | undefined): { held: number; total: number; isFull: boolean } {
  const tiers = state?.tiers ?? [];
  const held = tiers.map((tier) => (tier.rows > 0 ? (tier.bytes * Math.min(tier.rowsHeld, tier.rows)) / tier.rows : 0));
  return {
    held: Math.round(held.reduce((a, b) => a + b, 0)),
    total: tiers.reduce((bytes, tier) => bytes + tier.bytes, 0),
    isFull: tiers.length > 0 && tiers.every((tier) => tier.state === "full"),
  };
}
