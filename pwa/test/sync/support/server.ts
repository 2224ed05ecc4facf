/**
 * A small server that follows the protocol, in memory: enough to let networks fail in front of it. The real one is in
 * Python; against it the engine is tried in a browser.
 */

import { hashOf } from "../../../src/sync/worker/wish.js";
import { type Base, cutBase, filesLines } from "./basing.js";
import { cutOps, streamOf } from "./bytes.js";
import { compareLines, digestOf } from "./comparing.js";

interface Item {
  bucket: string;
  tier: number;
  collection: string;
  id: string;
  version: number;
  line: string;
  gone: boolean;
  position: number;
}

interface DeviceState {
  watermark: [number, string];
  receipts: Map<number, { hash: string; receipt: Record<string, unknown> }>;
  settled: number;
}

interface Cursor {
  epoch: number;
  head: number;
  position: number;
  lastCut: number;
  final: boolean;
  buckets: string[];
  cover: Record<string, { bound: number; at: number; above?: boolean } | null>; // "bucket tier" → null is full; above: a base
}

type Json = Record<string, unknown>;
type Handler = (args: Json, server: FakeServer) => Json | null; // A receipt's extra fields; null: applied.

const NO_RECEIPT = { outcome: "applied" };

export class FakeServer {
  items = new Map<string, Item>();
  position = 0;
  epoch = 1;
  devices = new Map<string, DeviceState>();
  identities = new Set<string>();
  grants = new Set<string>(["public"]);
  automatic = new Set<string>(["public"]);
  handlers = new Map<string, Handler>();
  applied: Json[] = []; // Every op that took effect, in order.
  markEvery = 3;
  requests: Json[] = [];
  comparisons: Json[] = []; // Requests of comparisons.
  fetched: { name: string; cache: RequestCache | undefined }[] = [];
  bases = new Map<string, Base>(); // By "bucket tier".
  /** What becomes of a file on its way. Null: as it is. */
  fileNetwork: (name: string, cache: RequestCache | undefined) => Response | Promise<Response> | null = () => null;
  /** Called with each answer's bytes: what the network makes of them. Null: the connection dies before the first. */
  network: (bytes: Uint8Array, request: Json) => Uint8Array | null = (bytes) => bytes;
  /** Called before anything is looked at. A Response answers instead of us. */
  intercept: (request: Json, bytes: number) => Response | null = () => null;

  put(bucket: string, tier: number, collection: string, id: string, fields: Json | null): void {
    const key = `${bucket}\n${collection}\n${id}`;
    const version = (this.items.get(key)?.version ?? 0) + 1;
    const line = fields === null ? JSON.stringify([version, id]) : JSON.stringify([version, { id, ...fields }]);
    this.position += 1;
    const item = { bucket, tier, collection, id, version, line, gone: fields === null, position: this.position };
    this.items.set(key, item);
  }

  /** An exact copy, to be put back later. */
  backup(): () => void {
    const copy = structuredClone({
      items: this.items,
      position: this.position,
      devices: this.devices,
      identities: this.identities,
    });
    const applied = [...this.applied];
    return () => {
      Object.assign(this, structuredClone(copy));
      this.applied = [...applied];
      this.epoch += 1;
    };
  }

  fetch: typeof fetch = async (input, init) => {
    const url = String(input);
    if (url.includes("/sync/live")) throw new TypeError("no stream here");
    const signal = init?.signal;
    signal?.throwIfAborted();
    if (url.includes("/files/")) return await this.file(new URL(url).pathname, init?.cache);
    const raw = await new Response(init?.body ?? "").blob();
    const isPacked = new Headers(init?.headers).get("Content-Encoding") === "gzip";
    const plain = isPacked ? raw.stream().pipeThrough(new DecompressionStream("gzip")) : raw.stream();
    const text = await new Response(plain).text();
    const request = JSON.parse(text) as Json;
    const isComparison = url.endsWith("/compare");
    (isComparison ? this.comparisons : this.requests).push(request);
    const instead = this.intercept(request, raw.size);
    if (instead) return instead;
    return isComparison ? this.compare(request) : await this.answer(request, text);
  };

  /** Cut the base of a set as it is now. */
  async cutBase(bucket: string, tier: number, rowsAFile: number, path = `/files/${this.position}cap/`): Promise<Base> {
    const base = await cutBase(this.live(`${bucket} ${tier}`), this.position, rowsAFile, path);
    this.bases.set(`${bucket} ${tier}`, base);
    return base;
  }

  private async file(path: string, cache: RequestCache | undefined): Promise<Response> {
    const name = path.split("/").at(-1) ?? "";
    this.fetched.push({ name, cache });
    const instead = await this.fileNetwork(name, cache);
    if (instead) return instead;
    const base = [...this.bases.values()].find((one) => path === `${one.path}${name}`);
    const file = base?.files.get(name);
    return file ? new Response(file.bytes) : Response.json({ error: { code: "file.unknown" } }, { status: 404 });
  }

  private compare(request: Json): Response {
    const cursor = this.readCursor(request.cursor);
    const pair = `${request.bucket} ${request.tier}`;
    if (cursor?.epoch !== this.epoch) return refusal(409, "cursor.off_chain");
    if (!this.pairs(cursor.buckets).includes(pair)) return refusal(404, "bucket.not_held");
    const head = { protocol: 1, schema: 1, now: new Date(this.now()).toISOString(), head: this.position };
    const asks = request.ask as { prefix: string; sums: Record<string, string> }[];
    const first = JSON.stringify({ ...head, digest: this.digestOf(pair) });
    return this.sent([first, ...compareLines(this.live(pair), asks, Number(request.bytes))], request);
  }

  live(pair: string): Item[] {
    return [...this.items.values()].filter((item) => pairOf(item) === pair && !item.gone);
  }

  private async answer(request: Json, text: string): Promise<Response> {
    const device = this.deviceOf(String(request.device));
    const ops = (request.ops ?? []) as Json[];
    const hashes = await Promise.all(cutOps(text).map(hashOf));
    const pushed = this.push(device, ops, hashes, (request.confirmed ?? null) as [number, string] | null);
    const lines = this.page(request, device, pushed);
    if (lines === null) return new Response(null, { status: 204 });
    return this.sent(lines, request);
  }

  private sent(lines: readonly string[], request: Json): Response {
    const whole = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
    const bytes = this.network(whole, request);
    if (bytes === null) throw new TypeError("fetch failed");
    return new Response(streamOf(bytes, bytes.length < whole.length), {
      headers: { "Content-Type": "application/x-ndjson" },
    });
  }

  private deviceOf(id: string): DeviceState {
    const known = this.devices.get(id) ?? { watermark: [0, ""], receipts: new Map(), settled: 0 };
    this.devices.set(id, known);
    return known;
  }

  // --- push -------------------------------------------------------------------------------------------------------------

  private push(device: DeviceState, ops: Json[], hashes: string[], confirmed: [number, string] | null): Json {
    const receipts: Json[] = [];
    if (confirmed && device.receipts.has(confirmed[0]) && device.receipts.get(confirmed[0])?.hash !== confirmed[1]) {
      return { error: "device_forked", receipts };
    }
    for (const [i, op] of ops.entries()) {
      const n = Number(op.n);
      const hash = hashes[i] ?? "";
      if (n <= device.watermark[0]) {
        const stored = device.receipts.get(n);
        if (stored === undefined || stored.hash !== hash) return { error: "device_forked", receipts };
        receipts.push(stored.receipt);
        continue;
      }
      if (n !== device.watermark[0] + 1) return { expected: device.watermark[0] + 1, receipts };
      const receipt = { n, ...this.apply(op) };
      device.watermark = [n, hash];
      device.receipts.set(n, { hash, receipt });
      device.settled = n;
      receipts.push(receipt);
    }
    return { receipts };
  }

  private apply(op: Json): Json {
    const identity = String(op.op ?? op.id);
    if (op.kind === "void") return NO_RECEIPT;
    if (this.identities.has(identity)) return { outcome: "duplicate" };
    const handler = this.handlers.get(String(op.command ?? op.collection));
    const refusal = handler?.(op, this) ?? null;
    this.identities.add(identity);
    if (refusal) return refusal;
    this.applied.push(op);
    return NO_RECEIPT;
  }

  // --- pull -------------------------------------------------------------------------------------------------------------

  private page(request: Json, device: DeviceState, pushed: Json): string[] | null {
    const want = (request.want ?? {}) as {
      bytes?: number;
      buckets?: string[];
      files?: [string, number, number?, number?][];
    };
    const check = (request.check ?? []) as [string, number][];
    const cursor = this.readCursor(request.cursor);
    const first = {
      protocol: 1,
      schema: 1,
      now: new Date(this.now()).toISOString(),
      watermark: device.watermark,
      ...pushed,
    };
    const hasOps = Array.isArray(request.ops) && request.ops.length > 0;
    const lines = [JSON.stringify(first)];
    if (pushed.error !== undefined) return lines;
    const isOff = cursor !== null && cursor.epoch !== this.epoch;
    if (isOff && want.buckets === undefined) return [JSON.stringify({ ...first, again: ["want.buckets"] })];
    const start: Cursor = cursor ?? {
      epoch: this.epoch,
      head: this.position,
      position: this.position,
      lastCut: 0,
      final: false,
      buckets: [],
      cover: {},
    };
    const wanted = want.buckets ?? start.buckets;
    const held = this.pairs(wanted);
    const before = { ...start, cover: { ...start.cover } };
    const state: Cursor = { ...start, buckets: wanted, head: this.position, epoch: this.epoch, final: false };
    if (isOff) {
      state.position = this.position;
      state.cover = Object.fromEntries(held.map((pair) => [pair, null]));
      lines.push(JSON.stringify({ reconcile: held.map(asPair) }));
      lines.push(this.last(state, device, [...held]));
      return lines;
    }
    const left = Object.keys(state.cover).filter((pair) => !held.includes(pair));
    const joined = held.filter((pair) => !(pair in state.cover));
    const touched = new Set<string>(check.map(([bucket, tier]) => `${bucket} ${tier}`));
    for (const pair of left) delete state.cover[pair];
    const based = want.files === undefined ? [] : joined.filter((pair) => this.bases.has(pair));
    for (const pair of joined) state.cover[pair] = { bound: start.position, at: 0 };
    for (const pair of based)
      state.cover[pair] = { bound: start.position, at: this.bases.get(pair)?.position ?? 0, above: true };
    if (left.length > 0) lines.push(JSON.stringify({ left: left.map(asPair) }));
    if (cursor === null || joined.length > 0)
      lines.push(JSON.stringify({ scope: held.map((pair) => this.scopeOf(pair)) }));
    const lists = based.map((pair) => filesLines(...asPair(pair), this.bases.get(pair) as Base));
    for (const [first = ""] of lists) lines.push(first); // SPEC F7: above `joined`.
    if (joined.length > 0) lines.push(JSON.stringify({ joined: joined.map(asPair) }));
    const mark = JSON.stringify({ mark: { cursor: writeCursor(state) } });
    if (based.length > 0) lines.push(mark);
    for (const list of lists) for (const line of list.slice(1)) lines.push(line, mark);
    for (const [bucket, tier, , first] of want.files ?? []) {
      const base = this.bases.get(`${bucket} ${tier}`);
      if (base) for (const line of filesLines(bucket, tier, base, first)) lines.push(line, mark);
    }
    const isNew =
      this.position !== before.position || Object.values(before.cover).some((one) => one !== null) || !before.final;
    const isQuiet =
      !hasOps &&
      check.length === 0 &&
      (want.files ?? []).length === 0 &&
      left.length === 0 &&
      joined.length === 0 &&
      cursor !== null;
    if (isQuiet && !isNew) return null;
    this.rows(lines, state, start.lastCut, want.bytes ?? 65536, device, touched);
    return lines;
  }

  now(): number {
    return Date.now();
  }

  private rows(
    lines: string[],
    state: Cursor,
    lastCut: number,
    budget: number,
    device: DeviceState,
    touched: Set<string>,
  ): void {
    let bytes = 0;
    let heading = "";
    let sinceMark = 0;
    const send = (item: Item) => {
      const next = `${item.bucket} ${item.collection}`;
      if (next !== heading)
        lines.push(JSON.stringify({ bucket: item.bucket, collection: item.collection, tier: item.tier }));
      heading = next;
      lines.push(item.line);
      bytes += item.line.length;
      sinceMark += 1;
    };
    const mark = () => {
      if (sinceMark < this.markEvery) return;
      sinceMark = 0;
      lines.push(JSON.stringify({ mark: { cursor: writeCursor(state) } }));
    };
    const all = [...this.items.values()].sort((a, b) => a.position - b.position);
    for (const item of all) if (item.position > lastCut && pairOf(item) in state.cover) touched.add(pairOf(item));
    for (const item of all.filter((one) => one.position > state.position)) {
      const pair = pairOf(item);
      if (pair in state.cover) {
        if (bytes >= budget) return void lines.push(JSON.stringify({ cursor: writeCursor(state), more: true }));
        send(item);
      }
      state.position = item.position;
      mark();
    }
    state.position = state.head;
    state.lastCut = state.head;
    lines.push(JSON.stringify({ mark: { cursor: writeCursor(state), cut: this.cut(state, device, touched) } }));
    for (const pair of Object.keys(state.cover).sort()) {
      const fill = state.cover[pair];
      if (!fill) continue;
      for (const item of all.filter(
        (one) =>
          pairOf(one) === pair && one.position <= fill.bound && one.position > fill.at && (fill.above || !one.gone),
      )) {
        if (bytes >= budget) return void lines.push(JSON.stringify({ cursor: writeCursor(state), more: true }));
        send(item);
        state.cover[pair] = { ...fill, at: item.position };
        mark();
      }
      state.cover[pair] = null;
      touched.add(pair);
    }
    lines.push(this.last(state, device, [...touched]));
  }

  private last(state: Cursor, device: DeviceState, touched: string[]): string {
    state.final = true;
    return JSON.stringify({ cursor: writeCursor(state), more: false, ...this.cut(state, device, new Set(touched)) });
  }

  private cut(state: Cursor, device: DeviceState, touched: ReadonlySet<string>): Json {
    const digests: Record<string, Record<string, string>> = {};
    for (const pair of touched) {
      if (state.cover[pair] !== null) continue;
      const [bucket, tier] = asPair(pair);
      digests[bucket] = { ...digests[bucket], [tier]: this.digestOf(pair) };
    }
    return { settled: device.settled, digests };
  }

  digestOf(pair: string): string {
    return digestOf(this.live(pair));
  }

  private pairs(wanted: readonly string[]): string[] {
    const buckets = [...this.automatic, ...wanted].filter((bucket) => this.grants.has(bucket));
    return [...new Set([...this.items.values()].filter((item) => buckets.includes(item.bucket)).map(pairOf))].sort();
  }

  private scopeOf(pair: string): Json {
    const [bucket, tier] = asPair(pair);
    const live = this.live(pair);
    return {
      bucket,
      tier,
      rows: live.length,
      bytes: live.reduce((sum, { line }) => sum + line.length, 0),
      state: "filling",
    };
  }

  private readCursor(text: unknown): Cursor | null {
    return typeof text === "string" ? (JSON.parse(atob(text)) as Cursor) : null;
  }
}

const refusal = (status: number, code: string): Response =>
  Response.json({ success: false, error: { code, message: code, details: {} } }, { status });

const writeCursor = (cursor: Cursor): string => btoa(JSON.stringify(cursor));

const pairOf = (item: Item): string => `${item.bucket} ${item.tier}`;

const asPair = (pair: string): [string, number] => {
  const [bucket = "", tier = ""] = pair.split(" ");
  return [bucket, Number(tier)];
};
