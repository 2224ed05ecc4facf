/** An engine in memory with a small school in it: only for looking at screens (`vite build --mode look`).
 *
 * Wishes are applied at once by the app's own overlay rules and go nowhere.
 */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Engine, Fields, Loadable, OpenOptions, OutboxItem, Row, Status } from "../../src/sync/types.ts";
import { OUTBOX, SCHOOL } from "./look-school.ts";

export { derivedId, newId } from "../../src/sync/ids.ts";
export { placeBetween } from "../../src/sync/place.ts";
export { mergeText } from "../../src/sync/text.ts";
export type * from "../../src/sync/types.ts";

type Store = Record<string, Record<string, Row[]>>; // collection → bucket → rows

export async function openEngine(options: OpenOptions): Promise<Engine> {
  const store = signal<Store>(SCHOOL);
  const outbox = signal<OutboxItem[]>(OUTBOX);
  const wanted = signal<string[]>(["course:c-motion"]);
  const link = new URLSearchParams(location.search).get("link") ?? sessionStorage.getItem("link") ?? "online";
  const status = signal<Status>({
    link: link as Status["link"],
    phase: "idle",
    queued: OUTBOX.length,
    sent: 0,
    lastCutAt: Date.now(),
    problem: null,
    code: null,
    leader: true,
  });
  const signals = new Map<string, ReadonlySignal<Loadable<never>>>();

  function rowsOf(collection: string, bucket?: string): readonly Row[] {
    const buckets = store.value[collection] ?? {};
    if (bucket !== undefined) return buckets[bucket] ?? [];
    return [
      ...new Map(
        Object.values(buckets)
          .flat()
          .map((row) => [row.id, row]),
      ).values(),
    ];
  }

  function put(collection: string, bucket: string, row: Row): void {
    const buckets = store.peek()[collection] ?? {};
    const rows = (buckets[bucket] ?? []).filter((other) => other.id !== row.id);
    store.value = { ...store.peek(), [collection]: { ...buckets, [bucket]: [...rows, row] } };
  }

  function change(collection: string, id: string, fields: Fields): void {
    for (const [bucket, rows] of Object.entries(store.peek()[collection] ?? {})) {
      const row = rows.find((other) => other.id === id);
      if (row) put(collection, bucket, { ...row, ...fields });
    }
  }

  function note(kind: OutboxItem["kind"], name: string, args: Fields, title?: string): string {
    const identity = `op-${outbox.peek().length}`;
    const item: OutboxItem = {
      identity,
      n: null,
      kind,
      name,
      args,
      state: "saved",
      at: Date.now(),
      bytes: 200,
      ...(title ? { title } : {}),
    };
    outbox.value = [...outbox.peek(), item];
    return identity;
  }

  function cached<T>(key: string, read: () => T): ReadonlySignal<Loadable<never>> {
    const made = signals.get(key) ?? computed(() => ({ state: "ready", value: read() }) as Loadable<never>);
    signals.set(key, made);
    return made;
  }

  return {
    userId: options.userId,
    deviceId: "look",
    rows: (collection, where) => cached(`${collection}|${where?.bucket}`, () => rowsOf(collection, where?.bucket)),
    row: (collection, id, where) =>
      cached(`${collection}|${where?.bucket}|${id}`, () =>
        rowsOf(collection, where?.bucket).find((row) => row.id === id),
      ),
    create: async (collection, id, fields, how) => {
      put(collection, how?.bucket ?? "user", { id, ...fields });
      return note("create", collection, { id, ...fields }, how?.title);
    },
    patch: async (collection, id, fields, how) => {
      change(collection, id, fields);
      return note("patch", collection, { id, ...fields }, how?.title);
    },
    remove: async (collection, id, how) => {
      const buckets = Object.entries(store.peek()[collection] ?? {});
      const left = buckets.map(([bucket, rows]) => [bucket, rows.filter((row) => row.id !== id)]);
      store.value = { ...store.peek(), [collection]: Object.fromEntries(left) };
      return note("delete", collection, { id }, how?.title);
    },
    command: async (name, args, how) => {
      for (const effect of options.overlay.commands[name]?.(args, Date.now(), options) ?? []) {
        if (effect.put) put(effect.collection, effect.bucket ?? "user", effect.put);
        if (effect.patch) change(effect.collection, effect.patch.id, effect.patch.fields);
      }
      return note("command", name, args, how?.title);
    },
    outbox,
    retry: async () => undefined,
    withdraw: async (identity) => {
      outbox.value = outbox.peek().filter((item) => item.identity !== identity);
    },
    buckets: computed(() => [
      { bucket: "course-staff:c-motion", tiers: [] },
      { bucket: "course-staff:c-algebra", tiers: [] },
      ...wanted.value.map((bucket) => ({
        bucket,
        tiers: [
          { tier: 1, rows: 40, rowsHeld: 40, bytes: 12_000, state: "full" as const },
          { tier: 2, rows: 13, rowsHeld: 13, bytes: 310_000, state: "full" as const },
        ],
      })),
    ]),
    wanted,
    want: async (bucket) => {
      wanted.value = [...wanted.peek(), bucket];
    },
    lay: async () => undefined,
    unwant: async (bucket) => {
      wanted.value = wanted.peek().filter((other) => other !== bucket);
    },
    status,
    sync: () => undefined,
    pause: () => undefined,
    whole: async (item) => item,
    exportOutbox: async () => new Blob([JSON.stringify(outbox.peek())]),
    close: async () => undefined,
  };
}

export function warmEngine(): void {} // There is nothing to bring.
