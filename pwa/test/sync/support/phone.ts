/** A phone in memory: its disk outlives the app, its tabs share it, its clock and locks are the test's. */

import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import type { Port, ToPage, ToWorker } from "../../../src/sync/messages.js";
import { connect } from "../../../src/sync/proxy.js";
import type { Engine, OverlayRules } from "../../../src/sync/types.js";
import type { Channel, Env, Locks, Word } from "../../../src/sync/worker/env.js";
import { serve } from "../../../src/sync/worker/serve.js";
import { WAIT_MS } from "../../support/wait.js";

export { until } from "../../support/wait.js";

globalThis.IDBKeyRange = IDBKeyRange;

export const AMINA = "0198aaaa-0000-7000-8000-000000000001";

export const RULES: OverlayRules = {
  merge: {
    "identity.me": "lww",
    "catalog.progress": { join: { seen_ppm: "greater" } },
    "assessments.answers": "lww",
    "notes.notes": "append",
  },
  commands: {
    "notes.note.write": (args, at) => [
      { collection: "notes.notes", bucket: "public", put: { id: String(args.id), text: args.text, at } },
    ],
    "notes.note.close": (args) => [
      { collection: "notes.notes", patch: { id: String(args.note_id), fields: { closed: true } } },
    ],
  },
};

export class Phone {
  disk = new IDBFactory();
  token: string | null = "token";
  now: () => number = () => Date.now();
  ballast = { laid: 0, given: 0 };
  private readonly tabs = new Set<Engine>();
  private readonly channels = new Map<string, Set<(word: Word, from: object) => void>>();
  private readonly locks = new FakeLocks();

  private constructor(readonly key: CryptoKey) {}

  static readonly Disk = IDBFactory;

  static async make(): Promise<Phone> {
    return new Phone(await newKey());
  }

  /** Another phone that opens with the same key. */
  static of(key: CryptoKey): Phone {
    return new Phone(key);
  }

  async open(
    fetchLike: typeof fetch,
    options: { userId?: string; key?: CryptoKey; env?: Partial<Env>; rules?: OverlayRules } = {},
  ): Promise<Engine> {
    const [page, worker] = portPair();
    serve(this.env(fetchLike, options.env ?? {}), worker);
    const engine = await connect(
      {
        userId: options.userId ?? AMINA,
        storageKey: options.key ?? this.key,
        shared: false,
        token: async () => this.token,
        baseUrl: "http://school.test",
        overlay: options.rules ?? RULES,
      },
      page,
    );
    this.tabs.add(engine);
    return engine;
  }

  async closeAll(): Promise<void> {
    for (const tab of this.tabs) await tab.close();
    this.tabs.clear();
  }

  private env(fetchLike: typeof fetch, more: Partial<Env>): Env {
    return {
      factory: this.disk,
      fetch: fetchLike,
      locks: this.locks,
      channel: (name) => this.channel(name),
      ballast: {
        lay: async () => {
          this.ballast.laid += 1;
        },
        giveUp: async () => {
          this.ballast.given += 1;
          return this.ballast.given === 1;
        },
      },
      now: () => this.now(),
      random: () => 0,
      stallMs: WAIT_MS,
      gapMs: 10,
      heldMs: WAIT_MS,
      isDear: () => true,
      ...more,
    };
  }

  private channel(name: string): Channel {
    const self = {};
    const hearers = this.channels.get(name) ?? new Set();
    this.channels.set(name, hearers);
    let mine: ((word: Word, from: object) => void) | null = null;
    return {
      post: (word) => {
        for (const hear of hearers) queueMicrotask(() => hear(structuredClone(word), self));
      },
      listen: (hear) => {
        mine = (word, from) => {
          if (from !== self) hear(word);
        };
        hearers.add(mine);
      },
      close: () => {
        if (mine) hearers.delete(mine);
      },
    };
  }
}

export const newKey = (): Promise<CryptoKey> =>
  crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);

/** Messages are copied and come later, as between a page and its worker. */
export function portPair(): [Port<ToWorker, ToPage>, Port<ToPage, ToWorker>] {
  const hearers: { page: ((message: ToPage) => void) | null; worker: ((message: ToWorker) => void) | null } = {
    page: null,
    worker: null,
  };
  const page: Port<ToWorker, ToPage> = {
    post: (message) => void queueMicrotask(() => hearers.worker?.(structuredClone(message))),
    listen: (hear) => {
      hearers.page = hear;
    },
    close: () => {
      hearers.page = hearers.worker = null;
    },
  };
  const worker: Port<ToPage, ToWorker> = {
    post: (message) => void queueMicrotask(() => hearers.page?.(structuredClone(message))),
    listen: (hear) => {
      hearers.worker = hear;
    },
    close: () => undefined,
  };
  return [page, worker];
}

/** Web Locks of one origin: one holder a name, a queue, steal. */
export class FakeLocks implements Locks {
  private readonly held = new Map<string, { reject: (error: Error) => void }>();
  private readonly waiting = new Map<string, (() => void)[]>();

  async request(
    name: string,
    options: { steal?: boolean; signal?: AbortSignal },
    run: () => Promise<void>,
  ): Promise<void> {
    if (options.steal) this.held.get(name)?.reject(new DOMException("Lock broken by another request.", "AbortError"));
    else while (this.held.has(name)) await this.turn(name, options.signal);
    let reject: (error: Error) => void = () => undefined;
    const broken = new Promise<never>((_, no) => {
      reject = no;
    });
    const holder = { reject };
    this.held.set(name, holder);
    try {
      await Promise.race([run(), broken]);
    } finally {
      if (this.held.get(name) === holder) {
        this.held.delete(name);
        for (const next of this.waiting.get(name)?.splice(0) ?? []) next();
      }
    }
  }

  private turn(name: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      signal?.addEventListener("abort", () => reject(signal.reason));
      this.waiting.set(name, [...(this.waiting.get(name) ?? []), resolve]);
    });
  }
}
