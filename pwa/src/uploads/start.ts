/** Opens the queue of one person; it ends with their store. */

import { effect } from "@preact/signals";
import type { Engine } from "#sync";
import { engine as current, SENDING, storageKey } from "../app/session.ts";
import type { UploadRow, Word } from "./env.ts";
import { linkOf } from "./link.ts";
import { Uploads } from "./queue.ts";

const PAUSES_MS = [500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000];

/** Raises Error when the person has left meanwhile. */
export async function start(engine: Engine): Promise<Uploads> {
  const key = current.peek() === engine ? storageKey() : null;
  if (!key) throw new Error("uploads of a store that is not open");
  import("./hashing.ts").catch(() => undefined); // So that it is here when the network has gone; `takeIn` says if not.
  const name = `spark-uploads-${engine.userId}`;
  const tabs = new BroadcastChannel(name);
  const ended = new AbortController();
  const uploads = await Uploads.open({
    userId: engine.userId,
    key,
    factory: indexedDB,
    link: linkOf(engine.userId),
    now: Date.now,
    pauseMs: (tries) => PAUSES_MS[Math.min(tries, PAUSES_MS.length) - 1] ?? 0,
    lead: (run) =>
      void navigator.locks.request(name, { signal: ended.signal }, () => run(ended.signal)).catch(ignoreAbort),
    hold: (id) =>
      void navigator.locks
        .request(
          `${name}-${id}`,
          { signal: ended.signal },
          () => new Promise<void>((resolve) => ended.signal.addEventListener("abort", () => resolve())),
        )
        .catch(ignoreAbort),
    isHeld: async (id) => ((await navigator.locks.query()).held ?? []).some((lock) => lock.name === `${name}-${id}`),
    tell: (word: Word) => !ended.signal.aborted && tabs.postMessage(word),
    pending: (any) => {
      if (any) localStorage.setItem(SENDING + engine.userId, "1");
      else localStorage.removeItem(SENDING + engine.userId);
    },
  });
  if (current.peek() !== engine) {
    uploads.close();
    throw new Error("uploads of a store that was closed");
  }
  tabs.onmessage = (event: MessageEvent<Word>) => void uploads.heardTab(event.data);
  const retry = () => uploads.retry();
  addEventListener("online", retry);
  const rows = engine.rows<UploadRow>("media.uploads", { bucket: `user:${engine.userId}` });
  const offered = new Set<string>();
  const stops = [
    effect(() => void uploads.heard(rows.value.value)),
    effect(() => {
      const waiting = engine.outbox.value.filter((item) => item.state === "waiting" && !offered.has(item.identity));
      for (const { identity } of waiting) offered.add(identity);
      if (waiting.some(({ code }) => code === "waiting.blob")) void uploads.offerAgain();
    }),
    effect(() => {
      if (current.value === engine) return;
      for (const stop of stops) stop();
      removeEventListener("online", retry);
      ended.abort();
      uploads.close();
      tabs.close();
    }),
  ];
  return uploads;
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof DOMException)) throw error;
}
