/** Files by their SHA-256 in Cache Storage: nothing is kept that was not verified, nothing half is ever shown.
 *
 * They lie as files and not in IndexedDB, so that deleting one frees its room at once. Pictures of courses are not
 * secret to a phone that holds the course; rows are sealed, pictures are not.
 */

const KEPT = "spark-media-1";
const PARTS = "spark-media-parts-1"; // What came of a file before the network went.
const STALL_MS = 30_000;

export class FileDamaged extends Error {}

const keyOf = (sha256: string) => `/media/${sha256}`;

export async function hasFile(sha256: string): Promise<boolean> {
  return (await (await caches.open(KEPT)).match(keyOf(sha256))) !== undefined;
}

export async function readFile(sha256: string): Promise<Blob | null> {
  const found = await (await caches.open(KEPT)).match(keyOf(sha256));
  return found ? found.blob() : null;
}

/** The hashes on this phone, of all courses. */
export async function keptFiles(): Promise<Set<string>> {
  const keys = await (await caches.open(KEPT)).keys();
  return new Set(keys.map((request) => new URL(request.url).pathname.slice("/media/".length)));
}

export async function deleteFile(sha256: string): Promise<void> {
  await (await caches.open(KEPT)).delete(keyOf(sha256));
  await (await caches.open(PARTS)).delete(keyOf(sha256));
}

export interface FetchOptions {
  readonly sha256: string;
  readonly token: () => Promise<string | null>;
  readonly signal: AbortSignal;
  readonly onBytes: (sinceLast: number) => void; // Also negative, when a part had to be thrown away.
}

/**
 * Bring one file onto the phone, going on where an earlier try stopped. Does nothing if it is here.
 *
 * Raises FileDamaged when the bytes are not those of the hash (nothing is kept), TypeError or AbortError when the
 * network went (what came is kept), QuotaExceededError when the phone is full.
 */
export async function fetchFile(options: FetchOptions): Promise<void> {
  const { sha256, onBytes } = options;
  if (await hasFile(sha256)) return;
  const parts = await caches.open(PARTS);
  const before = await (await parts.match(keyOf(sha256)))?.blob();
  const response = await ask(options, before?.size ?? 0);
  const isRest = response.status === 206 && before !== undefined;
  const pieces: BlobPart[] = isRest ? [before] : [];
  if (isRest) onBytes(before.size);
  const type = response.headers.get("content-type") ?? "application/octet-stream";
  try {
    for await (const piece of piecesOf(response, options.signal)) {
      pieces.push(piece);
      onBytes(piece.byteLength);
    }
  } catch (error) {
    await parts.put(keyOf(sha256), new Response(new Blob(pieces, { type })));
    onBytes(-sizeOf(pieces));
    throw error;
  }
  const whole = new Blob(pieces, { type });
  if ((await digest(whole)) !== sha256) {
    await parts.delete(keyOf(sha256));
    onBytes(-whole.size);
    throw new FileDamaged(sha256);
  }
  await (await caches.open(KEPT)).put(keyOf(sha256), new Response(whole, { headers: { "content-type": type } }));
  await parts.delete(keyOf(sha256));
}

async function ask({ sha256, token, signal }: FetchOptions, from: number): Promise<Response> {
  const bearer = await token();
  const headers = new Headers(bearer === null ? {} : { authorization: `Bearer ${bearer}` });
  if (from > 0) headers.set("range", `bytes=${from}-`);
  const response = await fetch(keyOf(sha256), { headers, signal, cache: "no-store" });
  if (response.status === 416) {
    await (await caches.open(PARTS)).delete(keyOf(sha256)); // The part is longer than the file: begin anew next time.
    throw new FileDamaged(sha256);
  }
  if (!response.ok || !response.body) throw new TypeError(`media ${response.status}`);
  return response;
}

async function* piecesOf(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array<ArrayBuffer>> {
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

function sizeOf(pieces: readonly BlobPart[]): number {
  return new Blob([...pieces]).size;
}

async function digest(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
