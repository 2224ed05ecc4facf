/**
 * A small server that follows the protocol, in memory: enough to let networks fail in front of it. The real one is in
 * Python; against it the engine is tried in a browser.
 */

import { digestLine, digestText } from "../../../src/sync/worker/digest.js";
import { hashOf } from "../../../src/sync/worker/wish.js";

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
  cover: Record<string, { bound: number; at: number } | null>; // "bucket tier" → null is full
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
    const raw = await new Response(init?.body ?? "").blob();
    const isPacked = new Headers(init?.headers).get("Content-Encoding") === "gzip";
    const plain = isPacked ? raw.stream().pipeThrough(new DecompressionStream("gzip")) : raw.stream();
    const text = await new Response(plain).text();
    const request = JSON.parse(text) as Json;
    this.requests.push(request);
    const instead = this.intercept(request, raw.size);
    if (instead) return instead;
    return await this.answer(request, text);
  };

  private async answer(request: Json, text: string): Promise<Response> {
    const device = this.deviceOf(String(request.device));
    const ops = (request.ops ?? []) as Json[];
    const hashes = await Promise.all(cutOps(text).map(hashOf));
    const pushed = this.push(device, ops, hashes, (request.confirmed ?? null) as [number, string] | null);
    const lines = this.page(request, device, pushed);
    if (lines === null) return new Response(null, { status: 204 });
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
    const want = (request.want ?? {}) as { bytes?: number; buckets?: string[] };
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
    for (const pair of joined) state.cover[pair] = { bound: start.position, at: 0 };
    if (left.length > 0) lines.push(JSON.stringify({ left: left.map(asPair) }));
    if (cursor === null || joined.length > 0)
      lines.push(JSON.stringify({ scope: held.map((pair) => this.scopeOf(pair)) }));
    if (joined.length > 0) lines.push(JSON.stringify({ joined: joined.map(asPair) }));
    const isNew =
      this.position !== before.position || Object.values(before.cover).some((one) => one !== null) || !before.final;
    const isQuiet = !hasOps && check.length === 0 && left.length === 0 && joined.length === 0 && cursor !== null;
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
        (one) => pairOf(one) === pair && one.position <= fill.bound && one.position > fill.at && !one.gone,
      )) {
        if (bytes >= budget) return void lines.push(JSON.stringify({ cursor: writeCursor(state), more: true }));
        send(item);
        state.cover[pair] = { bound: fill.bound, at: item.position };
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
    const live = [...this.items.values()].filter((item) => pairOf(item) === pair && !item.gone);
    const each = live.map(({ line }) => digestLine(new TextEncoder().encode(line)));
    const half = (which: 0 | 1) => each.reduce((sum, digest) => sum ^ digest[which], 0);
    return digestText({ count: live.length, hi: half(0), lo: half(1) });
  }

  private pairs(wanted: readonly string[]): string[] {
    const buckets = [...this.automatic, ...wanted].filter((bucket) => this.grants.has(bucket));
    return [...new Set([...this.items.values()].filter((item) => buckets.includes(item.bucket)).map(pairOf))].sort();
  }

  private scopeOf(pair: string): Json {
    const [bucket, tier] = asPair(pair);
    const live = [...this.items.values()].filter((item) => pairOf(item) === pair && !item.gone);
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

const writeCursor = (cursor: Cursor): string => btoa(JSON.stringify(cursor));

const pairOf = (item: Item): string => `${item.bucket} ${item.tier}`;

const asPair = (pair: string): [string, number] => {
  const [bucket = "", tier = ""] = pair.split(" ");
  return [bucket, Number(tier)];
};

/** The ops' texts as they stand in the body: the hash is over those bytes. */
function cutOps(text: string): string[] {
  const start = text.indexOf('"ops":[');
  if (start < 0) return [];
  const out: string[] = [];
  let depth = 0;
  let from = 0;
  let isText = false;
  for (let at = start + 7; at < text.length; at++) {
    const char = text[at];
    if (isText) {
      if (char === "\\") at++;
      else if (char === '"') isText = false;
    } else if (char === '"') isText = true;
    else if (char === "{" || char === "[") {
      if (depth++ === 0) from = at;
    } else if (char === "}" || char === "]") {
      if (--depth < 0) break;
      if (depth === 0) out.push(text.slice(from, at + 1));
    }
  }
  return out;
}

function streamOf(bytes: Uint8Array, isTorn: boolean): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < bytes.length) {
        controller.enqueue(bytes.slice(at, at + 997)); // Never at the end of a line.
        at += 997;
      } else if (isTorn) controller.error(new TypeError("network error"));
      else controller.close();
    },
  });
}
