/** What goes over the wire, as the phone reads it. Everything from outside is checked before it is believed. */

import type { BaseChunk, BaseFiles } from "./rows.js";

export const PROTOCOL = 1;
export const SCHEMA = 2; // The release of rows and commands that this build was written for.

export type Mark = readonly [n: number, hash: string];
export type Digests = Record<string, Record<string, string>>; // bucket → tier → "count:hex"

export interface Receipt {
  readonly n: number;
  readonly outcome: "applied" | "merged" | "duplicate" | "conflict" | "waiting" | "parked";
  readonly code?: string;
  readonly message?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly copy?: string;
  readonly version?: number;
}

export interface Scope {
  readonly bucket: string;
  readonly tier: number;
  readonly rows: number;
  readonly bytes: number;
}

/** A part of the list of a set's base files. */
export interface FilesLine {
  readonly bucket: string;
  readonly tier: number;
  readonly base: number;
  readonly path: string;
  readonly count: number;
  readonly first: number;
  readonly chunks: readonly BaseChunk[];
}

/** A place where everything received so far is one snapshot, or the end of a page. */
export interface Cut {
  readonly settled: number | null;
  readonly digests: Digests | null;
  readonly isWhole: boolean; // False: only the end of a page, its digests may confirm but not refuse.
}

/** The first line; the rest of the answer is read as it comes. */
export interface Opening {
  readonly now: number; // Milliseconds.
  readonly watermark: Mark | null;
  readonly receipts: readonly Receipt[];
  readonly error: string | null;
  readonly expected: number | null;
  readonly again: readonly string[];
  readonly mustUpgrade: boolean;
}

export type Line = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Line =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function readLine(text: string): Line | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null; // Not ours: a captive portal, a proxy's page.
  }
}

/** Null: this is not the first line of an exchange, so nothing of the answer is believed. */
export function readOpening(line: Line | null): Opening | null {
  if (line === null || line.protocol !== PROTOCOL) return null;
  const now = Date.parse(String(line.now));
  if (Number.isNaN(now)) return null;
  return {
    now,
    watermark: readMark(line.watermark),
    receipts: readReceipts(line),
    error: typeof line.error === "string" ? line.error : null,
    expected: typeof line.expected === "number" ? line.expected : null,
    again: Array.isArray(line.again) ? line.again.map(String) : [],
    mustUpgrade: line.upgrade === "required",
  };
}

export function readReceipts(line: Line): Receipt[] {
  const list = line.receipts;
  return Array.isArray(list) ? list.filter((one): one is Receipt => isRecord(one) && typeof one.n === "number") : [];
}

export function readMark(value: unknown): Mark | null {
  if (!Array.isArray(value) || typeof value[0] !== "number") return null;
  return [value[0], typeof value[1] === "string" ? value[1] : ""];
}

export function readPairs(value: unknown): (readonly [string, number])[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((pair: unknown) =>
    Array.isArray(pair) && typeof pair[0] === "string" && typeof pair[1] === "number"
      ? [[pair[0], pair[1]] as const]
      : [],
  );
}

export function readScopes(value: unknown): Scope[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one: unknown) => {
    if (!isRecord(one) || typeof one.bucket !== "string" || typeof one.tier !== "number") return [];
    return [{ bucket: one.bucket, tier: one.tier, rows: Number(one.rows ?? 0), bytes: Number(one.bytes ?? 0) }];
  });
}

const CHUNKS_MAX = 100_000;
const CHUNK_BYTES_MAX = 4 * 1024 * 1024;

export function readFiles(value: unknown): FilesLine[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one: unknown) => {
    if (!isRecord(one) || typeof one.bucket !== "string" || typeof one.tier !== "number") return [];
    const [base, count, first, path] = [Number(one.base), Number(one.count), Number(one.first ?? 0), String(one.path)];
    if (!(count > 0 && count <= CHUNKS_MAX && first >= 0) || !/^\/[^/].*\/$/.test(path)) return []; // Of this origin, always.
    const chunks = Array.isArray(one.chunks) ? one.chunks.filter(isBaseChunk).slice(0, count - first) : [];
    return [{ bucket: one.bucket, tier: one.tier, base, path, count, first, chunks }];
  });
}

const isBaseChunk = (chunk: unknown): chunk is BaseChunk =>
  Array.isArray(chunk) && /^[0-9a-f]{64}$/.test(String(chunk[0])) && chunk[1] <= CHUNK_BYTES_MAX;

/** The list with one more part of it. Another base is another list: what is stored of the old one stays if it is named again. */
export function listedAfter(before: BaseFiles | undefined, { base, path, count, first, chunks }: FilesLine): BaseFiles {
  const isSame = before?.base === base && before.chunks.length === count;
  const known = isSame ? [...before.chunks] : Array.from({ length: count }, (): BaseChunk | null => null);
  chunks.forEach((chunk, i) => {
    known[first + i] = chunk;
  });
  return { base, path, chunks: known, had: before?.had ?? [] };
}

export function readDigests(value: unknown): Digests | null {
  return isRecord(value) ? (value as Digests) : null; // Compared as text only: a wrong shape just never agrees.
}

export const isLine = isRecord;

/** The collection that a heading of a base file names; null: it is none. */
export function headingOf(text: string): string | null {
  const collection = readLine(text)?.collection;
  return typeof collection === "string" ? collection : null;
}

export async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
