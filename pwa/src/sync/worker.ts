/** The dedicated worker: everything with rows happens here, so that no scroll ever waits for the network or the disk. */

import type { Port, ToPage, ToWorker } from "./messages.js";
import { opfsBallast } from "./worker/ballast.js";
import type { Channel, Env, Locks, Word } from "./worker/env.js";
import { serve } from "./worker/serve.js";

declare const self: DedicatedWorkerGlobalScope;

const STALL_MS = 30_000;
const GAP_MS = 250;
const HELD_MS = 10_000;

interface Connection {
  readonly saveData?: boolean;
  readonly effectiveType?: string;
}

const env: Env = {
  factory: indexedDB,
  fetch: (input, init) => fetch(input, init),
  locks: "locks" in navigator ? (navigator.locks as Locks) : null, // Only the part that we name.
  channel: openChannel,
  ballast: opfsBallast(),
  now: () => Date.now(),
  random: Math.random,
  stallMs: STALL_MS,
  gapMs: GAP_MS,
  heldMs: HELD_MS,
  isDear: () => {
    const connection = (navigator as { connection?: Connection }).connection; // Not in every browser, nor in the types.
    return connection?.saveData === true || /2g$/.test(connection?.effectiveType ?? "");
  },
};

function openChannel(name: string): Channel {
  const channel = new BroadcastChannel(name);
  return {
    post: (word) => channel.postMessage(word),
    listen: (hear) => {
      channel.onmessage = (event: MessageEvent<Word>) => hear(event.data);
    },
    close: () => channel.close(),
  };
}

const port: Port<ToPage, ToWorker> = {
  post: (message) => self.postMessage(message),
  listen: (hear) => {
    self.onmessage = (event: MessageEvent<ToWorker>) => hear(event.data);
    self.addEventListener("online", () => hear({ tell: "sync" })); // A hint that it may be worth trying, no more.
  },
  close: () => self.close(),
};

serve(env, port);
void import("./worker/loop.js").catch(() => undefined); // It is wanted in a moment; without a network it is asked for again.
