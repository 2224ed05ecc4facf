/**
 * One exchange: ops up; receipts, scope and rows down.
 *
 * Receipts are stored as soon as they are in, rows at the end with the cursor of the last mark. Whatever is torn off is
 * forgotten; whatever stands above a mark, and every receipt, is never needed again.
 */

import { committed } from "./commit.js";
import type { LineIndexes } from "./indexes.js";
import { rowLine } from "./lines.js";
import { type Mine, Outrun } from "./mine.js";
import type { Measured } from "./pace.js";
import { Page } from "./page.js";
import { storeAnswer, type Unit } from "./queue.js";
import { bodyOf, type ListAsked, send, type Wire } from "./request.js";
import { Overtaken, type Pair, type PartName, type RowStore } from "./rows.js";
import type { PageBase } from "./staging.js";
import { linesOf } from "./stream.js";
import {
  type Cut,
  isLine,
  type Line,
  type Opening,
  type Receipt,
  readDigests,
  readFiles,
  readLine,
  readOpening,
  readPairs,
  readReceipts,
  readScopes,
} from "./wire.js";

export interface Errand {
  readonly wire: Wire;
  readonly token: string | null;
  readonly mine: Mine;
  readonly store: RowStore;
  readonly indexes: LineIndexes;
  readonly base: PageBase;
  readonly units: readonly Unit[];
  readonly wanted: readonly string[];
  readonly lists: readonly ListAsked[]; // Whose list of base files is wanted again.
  readonly saysBuckets: boolean; // Name the on-demand buckets although the stored cursor knows them.
  readonly pageBytes: number;
  readonly stopsAtCut: boolean; // Downloads are paused: changes yes, new rows no.
  readonly now: () => number;
  readonly abort: AbortController;
  readonly answered: (seqs: readonly number[]) => void; // Receipts are durable.
  readonly heard: () => void; // The first line is ours: the server is there.
}

export type Ending =
  | {
      readonly kind: "done";
      readonly more: boolean;
      readonly base: PageBase;
      readonly isRefusedCut: boolean;
      readonly differing: readonly Pair[];
      readonly listed: ReadonlySet<string>;
      readonly measured: Measured;
    }
  | { readonly kind: "torn"; readonly base: PageBase } // The link died; what stood above the last mark is stored.
  | { readonly kind: "nothing" }
  | { readonly kind: "again" } // Repeat with `want.buckets`.
  | { readonly kind: "fork" }
  | { readonly kind: "upgrade" }
  | { readonly kind: "overtaken" }
  | { readonly kind: "offline" }
  | { readonly kind: "foreign" }
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly code: string;
      readonly retryAfterMs: number | null;
      readonly opIndex: number | null;
    };

const ROW = 0x5b; // A row's line opens with a bracket, everything else with a brace.
const decoder = new TextDecoder();

/** Raises: QuotaExceededError when the disk is full; all else that a network or a server can do is an Ending. */
export async function exchange(errand: Errand): Promise<Ending> {
  const { meta } = errand.base;
  const { device } = errand.mine;
  const isAsked = meta.cursor !== null && !errand.saysBuckets && isSameList(meta.asked, errand.wanted);
  const body = bodyOf({
    device: device.id,
    cursor: meta.cursor,
    confirmed: device.confirmed,
    bytes: errand.pageBytes,
    buckets: isAsked ? null : errand.wanted,
    lists: errand.lists,
    check: meta.check,
    units: errand.units,
  });
  const from = errand.now();
  const reply = await send(errand.wire, body, errand.token, errand.abort);
  if (reply.kind !== "lines") return reply;
  try {
    return await new Answer(errand, from).read(reply.body);
  } catch (error) {
    if (error instanceof Overtaken || error instanceof Outrun) return { kind: "overtaken" };
    throw error;
  }
}

class Answer {
  private readonly page: Page;
  private opening: Opening | null = null;
  private receipts: Receipt[] = [];
  private part: PartName | null = null;
  private end: { readonly more: boolean } | null = null;
  private bytes = 0;
  private firstByteAt = 0;

  constructor(
    private readonly errand: Errand,
    private readonly from: number,
  ) {
    this.page = new Page(errand.base, errand.indexes, errand.wanted);
  }

  async read(body: ReadableStream<Uint8Array>): Promise<Ending> {
    const { wire, now } = this.errand;
    const count = (bytes: number) => {
      this.firstByteAt ||= now();
      this.bytes += bytes;
    };
    try {
      for await (const lines of linesOf(body, wire.stallMs, count)) {
        const ending = await this.readLines(lines);
        if (ending) return ending;
        if (this.end) break;
      }
    } catch (error) {
      if (error instanceof Overtaken || error instanceof Outrun || isOurs(error)) throw error;
      // The link broke: what is whole stays.
    }
    return await this.finish();
  }

  private async readLines(lines: readonly Uint8Array<ArrayBuffer>[]): Promise<Ending | null> {
    for (const bytes of lines) {
      if (bytes[0] === ROW) {
        const line = rowLine(bytes);
        if (line && this.part) this.page.addRow(this.part, line);
        continue;
      }
      const ending = await this.said(readLine(decoder.decode(bytes)));
      if (ending || this.end) return ending;
    }
    return null;
  }

  private async said(line: Line | null): Promise<Ending | null> {
    if (this.opening === null) return this.open(line);
    if (line === null) return null; // A kind of line that a later server may send.
    if (line.receipts !== undefined) this.receipts.push(...readReceipts(line));
    if (line.collection !== undefined) this.heading(line);
    this.scope(line);
    if (isLine(line.mark)) return await this.mark(line.mark, false);
    if (typeof line.cursor === "string") return await this.mark(line, true);
    return null;
  }

  private open(line: Line | null): Ending | null {
    this.opening = readOpening(line);
    if (this.opening === null) return { kind: "foreign" };
    this.errand.heard();
    this.receipts = [...this.opening.receipts];
    if (line) this.scope(line);
    return null;
  }

  private heading(line: Line): void {
    const collection = String(line.collection);
    this.part = [String(line.bucket), Number(line.tier), collection];
  }

  private scope(line: Line): void {
    for (const pair of readPairs(line.left)) this.page.add({ kind: "left", pair });
    for (const scope of readScopes(line.scope)) this.page.add({ kind: "scope", scope });
    for (const pair of readPairs(line.joined)) this.page.add({ kind: "joined", pair });
    for (const list of readFiles(line.files)) this.page.add({ kind: "files", line: list });
    if (line.reconcile !== undefined) this.page.add({ kind: "reconcile", pairs: readPairs(line.reconcile) });
    const digests = readDigests(line.digests);
    if (digests && line.cursor === undefined) this.page.add({ kind: "digests", digests });
  }

  private async mark(line: Line, isLast: boolean): Promise<Ending | null> {
    await this.storeReceipts();
    if (this.isForked) return { kind: "fork" };
    const more = isLast && line.more === true;
    const cut = isLast ? cutOf(line, !more) : isLine(line.cut) ? cutOf(line.cut, true) : null;
    await this.page.mark(String(line.cursor), cut, isLast && !more, this.errand.now());
    if (isLast) this.end = { more };
    else if (cut && this.errand.stopsAtCut) this.end = { more: true };
    return null;
  }

  private isForked = false;
  private isStored = false;

  /** Once, as soon as something follows them, or at the end of what came. */
  private async storeReceipts(): Promise<void> {
    if (this.opening === null || (this.isStored && this.receipts.length === 0)) return;
    const { mine, base, now } = this.errand;
    const { watermark, expected, error } = this.opening;
    const settled = base.meta.device === mine.device.id ? base.meta.settled : 0;
    const answer = { watermark, expected, receipts: this.receipts };
    const { verdict, seqs } = await storeAnswer(mine, answer, this.opening.now - now(), { settled, now: now() });
    this.isForked = verdict === "fork" || error === "device_forked";
    this.receipts = [];
    this.isStored = true;
    if (seqs.length > 0) this.errand.answered(seqs);
  }

  private async finish(): Promise<Ending> {
    await this.storeReceipts();
    if (this.opening === null) return { kind: "foreign" };
    if (this.isForked) return { kind: "fork" };
    if (this.opening.again.includes("want.buckets")) return { kind: "again" };
    const base = await committed(this.errand, this.page.change());
    if (this.opening.mustUpgrade) return { kind: "upgrade" };
    if (this.end === null) return { kind: "torn", base };
    const [at, now] = [this.firstByteAt || this.from, this.errand.now()];
    const measured = { bytes: this.bytes, ms: now - this.from, firstByteMs: at - this.from };
    const { hasRefusedCut, differing, listed } = this.page;
    const compared = { isRefusedCut: hasRefusedCut, differing: [...differing.values()], listed };
    return { kind: "done", more: this.end.more, base, ...compared, measured };
  }
}

function cutOf(line: Line, isWhole: boolean): Cut {
  const settled = line.settled;
  return { settled: typeof settled === "number" ? settled : null, digests: readDigests(line.digests), isWhole };
}

function isSameList(a: readonly string[] | null, b: readonly string[]): boolean {
  return a !== null && a.length === b.length && [...a].sort().join("\n") === [...b].sort().join("\n");
}

/** Not the network's doing: the disk, a key, our own mistake. */
function isOurs(error: unknown): boolean {
  const names = [
    "QuotaExceededError",
    "Damaged",
    "InvalidStateError",
    "RangeError",
    "ReferenceError",
    "DataError",
    "TransactionInactiveError",
  ];
  return error instanceof Error && names.includes(error.name);
}
