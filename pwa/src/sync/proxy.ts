/** The page's half: a wire to the worker, signals, and the overlay. Holds no row that no screen watches. */

import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { newId } from "./ids.js";
import type { CallName, Calls, Opened, Pending, Port, Shown, Splice, ToPage, ToWorker } from "./messages.js";
import { laidOver, type Overlay, overlayOf } from "./overlay.js";
import type {
  BucketState,
  CommandOptions,
  Engine,
  Fields,
  Loadable,
  OpenOptions,
  OutboxItem,
  PackedRows,
  Row,
  Status,
  WriteOptions,
} from "./types.js";

const UNWATCHED_MS = 30_000; // Kept after the last look: people go back.

const START: Status = {
  link: "online",
  phase: "idle",
  queued: 0,
  sent: 0,
  lastCutAt: null,
  problem: null,
  code: null,
  leader: false,
};

type Stored = Loadable<readonly Row[]>;

export async function connect(options: OpenOptions, port: Port<ToWorker, ToPage>): Promise<Engine> {
  const proxy = new Proxied(options, port);
  await proxy.open();
  return proxy;
}

class Proxied implements Engine {
  deviceId = "";
  readonly userId: string;
  readonly outbox: Signal<readonly OutboxItem[]> = signal([]);
  readonly buckets: Signal<readonly BucketState[]> = signal([]);
  readonly wanted: Signal<readonly string[]> = signal([]);
  readonly status: Signal<Status> = signal(START);
  private readonly pending: Signal<readonly Pending[]> = signal([]);
  private readonly overlay: ReadonlySignal<Overlay>;
  private readonly stored = new Map<number, Signal<Stored>>();
  private readonly lists = new Map<string, ReadonlySignal<Loadable<readonly Row[]>>>();
  private readonly singles = new Map<string, ReadonlySignal<Loadable<Row | undefined>>>();
  private readonly calls = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  private next = 1;
  private isClosed = false;

  constructor(
    private readonly options: OpenOptions,
    private readonly port: Port<ToWorker, ToPage>,
  ) {
    this.userId = options.userId;
    this.overlay = computed(() => overlayOf(this.pending.value, options.overlay, options.userId));
    port.listen((message) => this.hear(message));
  }

  async open(): Promise<void> {
    const { userId, storageKey, baseUrl, overlay } = this.options;
    const opened = (await this.call("open", {
      userId,
      storageKey,
      baseUrl: baseUrl ?? "",
      merge: overlay.merge,
    })) as Opened;
    this.deviceId = opened.deviceId;
    this.wanted.value = opened.wanted;
  }

  rows<T extends Row>(
    collection: string,
    options: { readonly bucket?: string } = {},
  ): ReadonlySignal<Loadable<readonly T[]>> {
    const bucket = options.bucket ?? null;
    const key = `${collection}\n${bucket ?? ""}`;
    const known = this.lists.get(key) ?? this.laid(this.watched(collection, bucket, null), collection, bucket);
    this.lists.set(key, known);
    return known as ReadonlySignal<Loadable<readonly T[]>>; // The caller knows what the collection holds.
  }

  row<T extends Row>(
    collection: string,
    id: string,
    options: { readonly bucket?: string } = {},
  ): ReadonlySignal<Loadable<T | undefined>> {
    const bucket = options.bucket ?? null;
    const key = `${collection}\n${bucket ?? ""}\n${id}`;
    const known = this.singles.get(key) ?? this.single(collection, bucket, id);
    this.singles.set(key, known);
    return known as ReadonlySignal<Loadable<T | undefined>>; // The caller knows what the collection holds.
  }

  private single(collection: string, bucket: string | null, id: string): ReadonlySignal<Loadable<Row | undefined>> {
    // Made rows that lie in some bucket are found by id whatever bucket was asked for.
    const list = this.laid(this.watched(collection, bucket, id), collection, null);
    return computed(() => ({ state: list.value.state, value: list.value.value.find((row) => row.id === id) }));
  }

  private laid(stored: ReadonlySignal<Stored>, collection: string, bucket: string | null): ReadonlySignal<Stored> {
    const effects = computed(() => this.overlay.value.get(collection));
    const rule = this.options.overlay.merge[collection];
    return computed(() => ({
      state: stored.value.state,
      value: laidOver(stored.value.value, effects.value, rule, bucket),
    }));
  }

  /** The worker reads while somebody looks, and a little longer. */
  private watched(collection: string, bucket: string | null, id: string | null): ReadonlySignal<Stored> {
    const key = this.next++;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const start = () => {
      clearTimeout(timer);
      if (this.stored.has(key)) return;
      this.stored.set(key, rows);
      this.port.post({ watch: { key, collection, bucket, id } });
    };
    const end = () => {
      this.stored.delete(key);
      this.port.post({ unwatch: key });
      rows.value = { state: "loading", value: rows.peek().value };
    };
    const unwatched = () => {
      timer = setTimeout(end, UNWATCHED_MS);
    };
    const rows: Signal<Stored> = signal<Stored>({ state: "loading", value: [] }, { watched: start, unwatched });
    start();
    return rows;
  }

  create(collection: string, id: string, fields: Fields, options: WriteOptions = {}): Promise<string> {
    return this.call("create", collection, id, fields, options) as Promise<string>;
  }

  patch(collection: string, id: string, fields: Fields, options: WriteOptions = {}): Promise<string> {
    return this.call("patch", collection, id, fields, options) as Promise<string>;
  }

  remove(collection: string, id: string, options: WriteOptions = {}): Promise<string> {
    return this.call("remove", collection, id, options) as Promise<string>;
  }

  command(name: string, args: Fields, options: CommandOptions = {}): Promise<string> {
    return this.call("command", name, args, this.identityOf(name, args), options) as Promise<string>;
  }

  /** A command that makes a row is known by that row's id, on the server too. */
  private identityOf(name: string, args: Fields): string {
    const id = args.id;
    if (typeof id !== "string" || id.charAt(14) !== "7") return newId();
    const effects = this.options.overlay.commands[name]?.(args, 0, { userId: this.userId }) ?? [];
    return effects.some(({ put }) => put?.id === id) ? id : newId();
  }

  whole(item: OutboxItem): Promise<OutboxItem> {
    return item.isShort ? (this.call("whole", item.identity) as Promise<OutboxItem>) : Promise.resolve(item);
  }

  retry(identity: string): Promise<void> {
    return this.call("retry", identity) as Promise<void>;
  }

  withdraw(identity: string): Promise<void> {
    return this.call("withdraw", identity) as Promise<void>;
  }

  want(bucket: string): Promise<void> {
    return this.call("want", bucket, true) as Promise<void>;
  }

  unwant(bucket: string): Promise<void> {
    return this.call("want", bucket, false) as Promise<void>;
  }

  lay(rows: PackedRows): Promise<void> {
    return this.call("lay", rows) as Promise<void>;
  }

  sync(): void {
    this.port.post({ tell: "sync" });
  }

  pause(on: boolean): void {
    this.port.post({ tell: on ? "pause" : "resume" });
  }

  async exportOutbox(): Promise<Blob> {
    return new Blob([(await this.call("exportOutbox")) as string], { type: "application/json" });
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    await this.call("close");
    this.isClosed = true;
    this.port.close();
  }

  private call<Name extends CallName>(name: Name, ...args: Parameters<Calls[Name]>): Promise<unknown> {
    if (this.isClosed) return Promise.reject(new Error("The engine is closed."));
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.calls.set(id, { resolve, reject });
      this.port.post({ call: name, id, args } as unknown as ToWorker); // The union does not follow `Name`.
    });
  }

  private hear(message: ToPage): void {
    if ("answer" in message) this.settle(message);
    else if ("shown" in message) batch(() => this.show(message.shown));
    else if ("status" in message) this.status.value = message.status;
    else
      this.options.token().then(
        (token) => this.port.post({ token }),
        () => this.port.post({ token: null }),
      );
  }

  private settle(message: Extract<ToPage, { answer: number }>): void {
    const call = this.calls.get(message.answer);
    this.calls.delete(message.answer);
    if (!call) return;
    if (!("error" in message)) {
      call.resolve(message.value);
      return;
    }
    const { name, message: text, code } = message.error;
    const error = name === "QuotaExceededError" ? new DOMException(text, name) : new Error(text);
    call.reject(code === undefined ? error : Object.assign(error, { code }));
  }

  /** In one batch: rows and the wishes over them change together, or a screen would flicker between two cuts. */
  private show(shown: Shown): void {
    for (const [key, state, value] of shown.rows) {
      const stored = this.stored.get(key);
      if (stored) stored.value = { state, value };
    }
    if (shown.pending) this.pending.value = spliced(this.pending.peek(), shown.pending);
    if (shown.outbox) this.outbox.value = spliced(this.outbox.peek(), shown.outbox);
    if (shown.buckets) this.buckets.value = shown.buckets;
    if (shown.wanted) this.wanted.value = shown.wanted;
    if (shown.deviceId) this.deviceId = shown.deviceId;
  }
}

/** The list that the worker means. */
export const spliced = <T>(held: readonly T[], { head, tail, put }: Splice<T>): readonly T[] => [
  ...held.slice(0, head),
  ...put,
  ...held.slice(held.length - tail),
];
