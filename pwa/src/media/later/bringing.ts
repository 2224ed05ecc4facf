/** Brings files onto the phone, each going on at the byte where an earlier try stopped. */

import { accessToken } from "../../app/auth.ts";
import { Refused, request } from "../../app/http.ts";
import { findKept, PIECE_BYTES, smallOf } from "../pieces.ts";
import { deleteFile, FileDamaged, lostPieces, mendPiece, Receiving, type Wanted } from "./receiving.ts";

export { deleteFile, FileDamaged, type Wanted } from "./receiving.ts";

const AT_ONCE = 3;
const STALL_MS = 30_000;
const OLD_PARTS = "spark-media-parts-1"; // Where an earlier version kept what had come.

/** The server has no such file, or not for this person: asking again soon is of no use. */
export class FileGone extends Error {}

/** The bytes of a file from `start` on; with `end`, up to it. */
export type Ask = (sha256: string, start: number, end: number | null, signal: AbortSignal) => Promise<Response>;

export interface Bringing extends Wanted {
  readonly ask: Ask;
  readonly signal: AbortSignal;
  readonly onBytes: (all: number, fresh: number) => void; // Of this file: here by now, and come since last.
}

/**
 * Asks our server: by the course's own path, which is the same for all who hold the course, so that caches on the way may
 * answer; where that is not to be had, as the person who is here.
 */
export function askFor(userId: string, courseId: string): Ask {
  let path: Promise<string | null> | undefined;
  const bearer = async () => ({ authorization: `Bearer ${(await accessToken(userId)) ?? ""}` });
  return async (sha256, start, end, signal) => {
    path ??= bearer().then((headers) => pathOf(courseId, headers));
    const folder = await path;
    const range: Record<string, string> = start > 0 || end !== null ? { range: `bytes=${start}-${end ?? ""}` } : {};
    const options = { signal, cache: "no-store" as const }; // The browser's own cache would keep every film twice.
    if (folder !== null) {
      const response = await fetch(folder + sha256, { ...options, headers: new Headers(range) });
      if (response.status !== 404) return response;
    }
    return fetch(smallOf(sha256), { ...options, headers: new Headers({ ...range, ...(await bearer()) }) });
  };
}

/** Good for days, asked for once a download. Null: then each file is asked for as the person. */
async function pathOf(courseId: string, headers: HeadersInit): Promise<string | null> {
  try {
    // No lesson has the course's id: the path alone is wanted, not a list of all lessons.
    const address = `/api/v1/courses/${courseId}/pack?quality=text&lesson=${courseId}`;
    const pack = await request<{ path: string }>("GET", address, { headers });
    return pack.path.startsWith("/media/") ? pack.path : null;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return null;
  }
}

export interface Errand {
  readonly ask: Ask;
  readonly abort: AbortController;
  readonly onBytes: (sha256: string, all: number, fresh: number) => void;
  readonly onWhole: (sha256: string) => void;
  readonly makeRoom: (bytes: number) => Promise<number>;
}

/**
 * Bring all of them, a few at a time. `gone`: some are not to be had, all others are here.
 *
 * A damaged file is fetched once more. Raises as `bringFile` does, then for the first that failed: the rest only stopped.
 */
export async function bringAll(files: readonly Wanted[], errand: Errand): Promise<"whole" | "gone"> {
  const queue = [...files];
  const torn = new Set<string>();
  const problems: unknown[] = [];
  let isGone = false;
  const lane = async () => {
    for (let file = queue.shift(); file !== undefined && !errand.abort.signal.aborted; file = queue.shift()) {
      try {
        await bringOne(file, errand);
      } catch (error) {
        if (error instanceof FileGone) isGone = true;
        else if (error instanceof FileDamaged && !torn.has(file.sha256)) queue.push(file);
        else if (isFull(error) && (await errand.makeRoom(file.bytes)) > 0) queue.push(file);
        else throw error;
        torn.add(file.sha256);
      }
    }
  };
  const run = () =>
    lane().catch((error: unknown) => {
      problems.push(error);
      errand.abort.abort();
    });
  await Promise.all(Array.from({ length: AT_ONCE }, run));
  if (problems.length > 0) throw problems[0];
  return isGone ? "gone" : "whole";
}

async function bringOne(file: Wanted, { ask, abort, onBytes, onWhole }: Errand): Promise<void> {
  const { signal } = abort;
  await bringFile({ ...file, ask, signal, onBytes: (all, fresh) => onBytes(file.sha256, all, fresh) });
  onWhole(file.sha256);
}

export const isFull = (error: unknown) => error instanceof DOMException && error.name === "QuotaExceededError";

/**
 * Does nothing if the file is here. One tab at a time brings a file; the other then finds it.
 *
 * Raises FileDamaged when the bytes are not those of the hash (nothing is kept), FileGone, TypeError or AbortError when
 * the network went (what came is kept), QuotaExceededError when the phone is full.
 */
export function bringFile(file: Bringing): Promise<void> {
  const bring = async () => ((await findKept(file.sha256)) ? await mend(file) : await receive(file));
  return navigator.locks ? navigator.locks.request(`spark-media ${file.sha256}`, bring) : bring();
}

async function receive(file: Bringing): Promise<void> {
  void caches.delete(OLD_PARTS);
  const receiving = await Receiving.resume(file);
  file.onBytes(receiving.received, 0);
  let mime = "";
  try {
    // At least one byte is asked for, so that a file which came whole still gets its type.
    const start = Math.max(0, Math.min(receiving.received, file.bytes - 1));
    const response = await ask(file, start, null);
    mime = response.headers.get("content-type") ?? "";
    let skip = receiving.received - (response.status === 206 ? start : 0);
    for await (const bytes of chunksOf(response, file.signal)) {
      const fresh = bytes.subarray(Math.min(skip, bytes.byteLength));
      skip -= bytes.byteLength - fresh.byteLength;
      await receiving.take(fresh);
      file.onBytes(receiving.received, bytes.byteLength);
    }
  } catch (error) {
    if (!(error instanceof FileDamaged)) await receiving.flush().catch(() => undefined); // Full: the last part comes again.
    throw error;
  }
  if (receiving.received < file.bytes) {
    await receiving.flush();
    throw new TypeError("the answer ended early");
  }
  await receiving.finish(mime);
}

/** A whole file that the browser took pieces from gets those again, and no others. */
async function mend(file: Bringing): Promise<void> {
  for (const lost of await lostPieces(file.sha256)) {
    const start = lost[0] * PIECE_BYTES;
    const end = Math.min(start + PIECE_BYTES, file.bytes) - 1;
    const response = await ask(file, start, end);
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let came = 0;
    for await (const bytes of chunksOf(response, file.signal)) {
      came += bytes.byteLength;
      if (response.status !== 206 || came > PIECE_BYTES) throw new TypeError("not the part that was asked for");
      chunks.push(bytes);
    }
    await mendPiece(file.sha256, lost, new Blob(chunks));
  }
}

async function ask(file: Bringing, start: number, end: number | null): Promise<Response> {
  const response = await file.ask(file.sha256, start, end, file.signal);
  if (response.status === 404 || response.status === 403) throw new FileGone(file.sha256);
  if (response.status === 416) {
    await deleteFile(file.sha256); // Shorter than its row says: begin anew next time.
    throw new FileDamaged(file.sha256);
  }
  if (!response.ok || !response.body || isForeign(response, file, start))
    throw new TypeError(`media ${response.status}`);
  return response;
}

/** A page of whoever owns the network, not our file: as good as offline, and nothing of it is taken. */
function isForeign({ status, headers }: Response, { sha256, bytes }: Wanted, start: number): boolean {
  if (headers.get("content-type")?.startsWith("text/html")) return true;
  if (status === 206) return !headers.get("content-range")?.startsWith(`bytes ${start}-`);
  const length = headers.has("content-encoding") ? null : headers.get("content-length");
  return length === null ? !headers.get("etag")?.includes(sha256) : Number(length) !== bytes;
}

async function* chunksOf(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await withinStall(reader.read());
      if (signal.aborted) throw signal.reason;
      if (done) return;
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => undefined); // Already closed or broken: there is nothing left to cancel.
  }
}

/** A link that gives no byte for 30 s is dead; a slow one is not, however long it takes in all. */
function withinStall<T>(reading: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TypeError("media stalled")), STALL_MS);
    reading.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
