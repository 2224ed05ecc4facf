/** Reads a zip where it lies: its directory first, then one file at a time. Only what our server packs: no zip64, no locks. */

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const COMMENT_BYTES_MAX = 65_535;
const STORED = 0;
const DEFLATED = 8;
const UNPACKED_BYTES_MAX = 200_000_000; // As the server takes: what says more is not from there.

export class BadZip extends Error {}

interface Entry {
  readonly at: number; // Of its own header.
  readonly method: number;
  readonly packed: number; // Bytes in the zip.
  readonly bytes: number;
}

export class Zip {
  readonly #body: Blob;
  readonly #entries: ReadonlyMap<string, Entry>;

  constructor(body: Blob, entries: ReadonlyMap<string, Entry>) {
    this.#body = body;
    this.#entries = entries;
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** The file, unpacked; what was not packed is a piece of the zip, and nothing is read. Raises BadZip. */
  async read(name: string, type = ""): Promise<Blob> {
    const entry = this.#entries.get(name);
    if (!entry) throw new BadZip(`no ${name}`);
    const head = new DataView(await this.#body.slice(entry.at, entry.at + 30).arrayBuffer());
    if (head.byteLength < 30 || head.getUint32(0, true) !== LOCAL) throw new BadZip(name);
    const start = entry.at + 30 + head.getUint16(26, true) + head.getUint16(28, true);
    const piece = this.#body.slice(start, start + entry.packed, type);
    if (piece.size !== entry.packed) throw new BadZip(name);
    return entry.method === STORED ? piece : unpacked(piece, entry.bytes, type);
  }
}

/** Raises BadZip. */
export async function openZip(body: Blob): Promise<Zip> {
  const from = Math.max(0, body.size - END_BYTES - COMMENT_BYTES_MAX);
  const tail = new DataView(await body.slice(from).arrayBuffer());
  let end = tail.byteLength - END_BYTES;
  while (end >= 0 && tail.getUint32(end, true) !== END) end -= 1;
  if (end < 0) throw new BadZip("no end");
  const count = tail.getUint16(end + 10, true);
  const [size, start] = [tail.getUint32(end + 12, true), tail.getUint32(end + 16, true)];
  if (start + size > from + end) throw new BadZip("directory");
  const list = await body.slice(start, start + size).arrayBuffer();
  return new Zip(body, directoryOf(list, count));
}

function directoryOf(list: ArrayBuffer, count: number): ReadonlyMap<string, Entry> {
  const view = new DataView(list);
  const entries = new Map<string, Entry>();
  let at = 0;
  for (let number = 0; number < count; number += 1) {
    if (at + 46 > list.byteLength || view.getUint32(at, true) !== ENTRY) throw new BadZip("entry");
    const [method, flags] = [view.getUint16(at + 10, true), view.getUint16(at + 8, true)];
    const [packed, bytes] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
    const nameBytes = view.getUint16(at + 28, true);
    const next = at + 46 + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > list.byteLength) throw new BadZip("entry");
    if ((method !== STORED && method !== DEFLATED) || flags & 1 || bytes > UNPACKED_BYTES_MAX)
      throw new BadZip("method");
    const name = new TextDecoder().decode(new Uint8Array(list, at + 46, nameBytes)); // Ours are UTF-8.
    if (!name.endsWith("/")) entries.set(name, { at: view.getUint32(at + 42, true), method, packed, bytes });
    at = next;
  }
  return entries;
}

async function unpacked(piece: Blob, bytes: number, type: string): Promise<Blob> {
  const reader = piece.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      size += next.value.length;
      if (size > bytes) throw new BadZip("longer than it says");
      parts.push(next.value as Uint8Array<ArrayBuffer>); // What a stream of bytes gives is backed by one.
    }
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    throw error instanceof BadZip ? error : new BadZip(String(error));
  }
  if (size !== bytes) throw new BadZip("shorter than it says");
  return new Blob(parts, { type });
}
