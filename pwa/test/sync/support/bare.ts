/** The store and one exchange at a time, without loop, page or clock: for tests that look between two bytes. */

import { IDBFactory } from "fake-indexeddb";
import { type Ending, exchange } from "../../../src/sync/worker/exchange.js";
import { LineIndexes } from "../../../src/sync/worker/indexes.js";
import { Mine } from "../../../src/sync/worker/mine.js";
import { nextOps } from "../../../src/sync/worker/queue.js";
import { pairKey, partKey, placeOf, RowStore } from "../../../src/sync/worker/rows.js";
import type { PageBase } from "../../../src/sync/worker/staging.js";
import { View } from "../../../src/sync/worker/view.js";
import { WAIT_MS } from "../../support/wait.js";
import { AMINA } from "./phone.js";
import type { FakeServer } from "./server.js";

export class Bare {
  private constructor(
    readonly disk: IDBFactory,
    readonly key: CryptoKey,
    readonly mine: Mine,
    readonly store: RowStore,
  ) {}

  static async open(key: CryptoKey, disk: IDBFactory = new IDBFactory()): Promise<Bare> {
    const mine = await Mine.open(disk, "mine", key, async () => false);
    const store = await RowStore.open(disk, "rows", key);
    const fence = await mine.raiseFence();
    await store.lead(fence, mine.device.id);
    return new Bare(disk, key, mine, store);
  }

  /** As after a kill: nothing of what memory held remains. */
  async reopen(): Promise<Bare> {
    this.close();
    return await Bare.open(this.key, this.disk);
  }

  close(): void {
    this.mine.close();
    this.store.close();
  }

  view(): View {
    return new View(this.store, AMINA);
  }

  async base(): Promise<PageBase> {
    const { meta, covers, parts, files } = await this.store.state();
    return {
      meta,
      covers: new Map(covers.map((cover) => [pairKey([cover.bucket, cover.tier]), cover])),
      parts: new Map(parts.map((part) => [partKey(placeOf(part)), part])),
      files,
    };
  }

  async exchange(
    server: Pick<FakeServer, "fetch">,
    wanted: readonly string[],
    pageBytes = 4096,
    base?: PageBase,
  ): Promise<Ending> {
    const now = Date.now();
    const units = await nextOps(this.mine, { bytes: 65536, units: 1000, mayNumber: true }, now + 60_000);
    return await exchange({
      wire: { fetch: server.fetch, baseUrl: "", stallMs: WAIT_MS },
      token: "token",
      mine: this.mine,
      store: this.store,
      indexes: new LineIndexes(this.store),
      base: base ?? (await this.base()),
      units,
      wanted,
      lists: [],
      saysBuckets: true,
      pageBytes,
      stopsAtCut: false,
      now: Date.now,
      abort: new AbortController(),
      answered: () => undefined,
      heard: () => undefined,
    });
  }

  /** What screens would see of each bucket, and which are whole. */
  async shown(
    collections: readonly string[],
    buckets: readonly string[],
  ): Promise<{ rows: Map<string, string>; full: Set<string> }> {
    const view = this.view();
    const watches = buckets.flatMap((bucket) => collections.map((collection) => ({ bucket, collection })));
    for (const [key, { bucket, collection }] of watches.entries()) view.watch({ key, bucket, collection, id: null });
    const { changed, covers } = await view.look();
    const rows = new Map(
      changed.map(([key, list]) => {
        const { bucket, collection } = watches[key] ?? { bucket: "", collection: "" };
        const texts = list.map((row) => JSON.stringify(row)).sort();
        return [`${bucket} ${collection}`, texts.join("\n")];
      }),
    );
    return { rows, full: new Set(covers.filter(({ state }) => state === "full").map(({ bucket }) => bucket)) };
  }
}

/** A small seeded generator (mulberry32): the same seed, the same world. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
