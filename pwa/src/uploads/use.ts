/** The queue of the person who is here; it begins with the first look, and ends with their store. */

import { effect } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { Engine } from "#sync";
import { engine as current, SENDING, storageKey } from "../app/session.ts";
import { useEngine } from "../app/use.ts";
import type { UploadRow, Word } from "./env.ts";
import { linkOf } from "./link.ts";
import { Uploads } from "./queue.ts";

export { fileIdOf } from "./ids.ts";

const PAUSES_MS = [500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000];
const queues = new WeakMap<Engine, Promise<Uploads>>();

/** The uploads of this person; null while they are being read. */
export function useUploads(): Uploads | null {
  const engine = useEngine();
  const [uploads, setUploads] = useState<Uploads | null>(null);
  useEffect(() => {
    let isHere = true;
    void uploadsOf(engine).then((opened) => isHere && setUploads(opened));
    return () => {
      isHere = false;
    };
  }, [engine]);
  return uploads;
}

export function uploadsOf(engine: Engine): Promise<Uploads> {
  const known = queues.get(engine) ?? start(engine);
  queues.set(engine, known);
  return known;
}

async function start(engine: Engine): Promise<Uploads> {
  const key = current.peek() === engine ? storageKey() : null;
  if (!key) throw new Error("uploads of a store that is not open");
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
      queues.delete(engine);
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
