/** What Node lacks of a phone's browser, for the downloads: stores, a screen, and an engine that holds what it is told. */

import { signal } from "@preact/signals";
import { IDBFactory } from "fake-indexeddb";
import { vi } from "vitest";
import type { BucketState, Engine, Loadable, Row, Status } from "../../src/sync/types.ts";
import { MemoryCaches } from "./caches.ts";

export function newPhone(): MemoryCaches {
  const caches = new MemoryCaches();
  const stored = new Map<string, string>();
  vi.stubGlobal("caches", caches);
  vi.stubGlobal("indexedDB", new IDBFactory());
  vi.stubGlobal("navigator", {});
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  });
  vi.stubGlobal("document", { cookie: "", createElement: () => ({ canPlayType: () => "probably" }) });
  vi.stubGlobal("screen", { width: 360, height: 740 });
  vi.stubGlobal("devicePixelRatio", 2);
  vi.stubGlobal("addEventListener", () => undefined);
  return caches;
}

export class SmallEngine {
  readonly one = new Map<string, ReturnType<typeof signal<Loadable<Row | undefined>>>>();
  readonly lists = new Map<string, ReturnType<typeof signal<Loadable<readonly Row[]>>>>();
  readonly buckets = signal<readonly BucketState[]>([]);
  readonly wanted = signal<readonly string[]>([]);
  readonly status = signal<Pick<Status, "link" | "problem">>({ link: "online", problem: null });
  readonly held: boolean[] = [];
  readonly told: object[] = []; // Rows that were written.
  readonly deviceId = "0190-device";

  constructor(readonly userId: string) {}

  row(collection: string, id: string) {
    const name = `${collection} ${id}`;
    const made = this.one.get(name) ?? signal<Loadable<Row | undefined>>({ state: "ready", value: undefined });
    this.one.set(name, made);
    return made;
  }

  async create(collection: string, id: string, fields: object): Promise<string> {
    this.row(collection, id).value = { state: "ready", value: { id, ...fields } };
    this.told.push(fields);
    return "";
  }

  async patch(collection: string, id: string, fields: object): Promise<string> {
    return this.create(collection, id, { ...this.row(collection, id).peek()?.value, ...fields });
  }

  rows(collection: string, { bucket = "" }: { bucket?: string } = {}) {
    const name = `${collection} ${bucket}`;
    const made = this.lists.get(name) ?? signal<Loadable<readonly Row[]>>({ state: "ready", value: [] });
    this.lists.set(name, made);
    return made;
  }

  async want(bucket: string): Promise<void> {
    this.wanted.value = [...this.wanted.peek(), bucket];
  }

  async unwant(bucket: string): Promise<void> {
    this.wanted.value = this.wanted.peek().filter((other) => other !== bucket);
  }

  pause(isHeld: boolean): void {
    this.held.push(isHeld);
  }

  sync(): void {}

  /** Rows of the course have come: these files, and all other rows, or not yet all. */
  fill(courseId: string, files: readonly object[], state: "full" | "filling" = "full"): void {
    const bucket = `course:${courseId}`;
    this.rows("media.files", { bucket }).value = { state: "ready", value: files as readonly Row[] };
    const tier = { tier: 1, rows: 10, rowsHeld: state === "full" ? 10 : 5, bytes: 1_000, state };
    this.buckets.value = [...this.buckets.peek().filter((one) => one.bucket !== bucket), { bucket, tiers: [tier] }];
  }

  get asEngine(): Engine {
    return this as unknown as Engine; // All of it that the downloads use.
  }
}
