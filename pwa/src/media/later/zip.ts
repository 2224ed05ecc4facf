/** Zip files without compression: media is packed already, and so any program opens them. At most 4 GB, 10,000 entries. */

export interface Part {
  readonly name: string; // ASCII
  readonly bytes: number;
  readonly body: readonly Blob[];
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>; // The same, for its sum.
}

export interface Entry {
  readonly at: number; // Of the first byte of its body.
  readonly bytes: number;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const ENTRIES_MAX = 10_000;
const CENTRAL_MAX = 4_194_304; // bytes
const TAIL_BYTES = 65_557; // The end with the longest comment that there may be.
const SIZE_MAX = 0xffff_fffe;
const DOS_DAY = 0x21; // 1980-01-01: the same content makes the same file.

/** Raises RangeError when it would be too large for a zip of this kind. */
export async function zipOf(parts: readonly Part[]): Promise<Blob> {
  const all: BlobPart[] = [];
  const central: Uint8Array<ArrayBuffer>[] = [];
  let at = 0;
  for (const part of parts) {
    const name = new TextEncoder().encode(part.name);
    const sum = await sumOf(part.stream);
    const head = header(LOCAL, name, part.bytes, sum);
    central.push(header(CENTRAL, name, part.bytes, sum, at));
    all.push(head, ...part.body);
    at += head.byteLength + part.bytes;
  }
  const length = central.reduce((bytes, one) => bytes + one.byteLength, 0);
  if (at + length > SIZE_MAX || parts.length > ENTRIES_MAX) throw new RangeError("too large for a pack");
  return new Blob([...all, ...central, ending(parts.length, length, at)], { type: "application/zip" });
}

function header(kind: number, name: Uint8Array, bytes: number, sum: number, at = 0): Uint8Array<ArrayBuffer> {
  const isCentral = kind === CENTRAL;
  const view = new DataView(new ArrayBuffer((isCentral ? 46 : 30) + name.byteLength));
  const shift = isCentral ? 2 : 0; // "Made by" stands before what both have.
  view.setUint32(0, kind, true);
  if (isCentral) view.setUint16(4, 20, true);
  view.setUint16(4 + shift, 20, true);
  view.setUint16(12 + shift, DOS_DAY, true);
  view.setUint32(14 + shift, sum, true);
  view.setUint32(18 + shift, bytes, true);
  view.setUint32(22 + shift, bytes, true);
  view.setUint16(26 + shift, name.byteLength, true);
  if (isCentral) view.setUint32(42, at, true);
  const made = new Uint8Array(view.buffer);
  made.set(name, isCentral ? 46 : 30);
  return made;
}

function ending(count: number, length: number, at: number): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(22));
  view.setUint32(0, END, true);
  view.setUint16(8, count, true);
  view.setUint16(10, count, true);
  view.setUint32(12, length, true);
  view.setUint32(16, at, true);
  return new Uint8Array(view.buffer);
}

/** What lies where, of entries that are not compressed. Null: no zip, or one that says what cannot be. */
export async function listEntries(blob: Blob): Promise<ReadonlyMap<string, Entry> | null> {
  const tail = await viewOf(blob, Math.max(0, blob.size - TAIL_BYTES), blob.size);
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== END) end -= 1;
  if (end < 0) return null;
  const [count, length, start] = [
    tail.getUint16(end + 10, true),
    tail.getUint32(end + 12, true),
    tail.getUint32(end + 16, true),
  ];
  if (count > ENTRIES_MAX || length > CENTRAL_MAX || start + length > blob.size) return null;
  const central = await viewOf(blob, start, start + length);
  const entries = new Map<string, Entry>();
  let at = 0;
  for (let left = count; left > 0; left -= 1) {
    if (at + 46 > length || central.getUint32(at, true) !== CENTRAL) return null;
    const [method, bytes, nameBytes] = [
      central.getUint16(at + 10, true),
      central.getUint32(at + 24, true),
      central.getUint16(at + 28, true),
    ];
    const skip = nameBytes + central.getUint16(at + 30, true) + central.getUint16(at + 32, true);
    if (at + 46 + skip > length) return null;
    const name = new TextDecoder().decode(new Uint8Array(central.buffer, at + 46, nameBytes));
    const body = await bodyAt(blob, central.getUint32(at + 42, true));
    if (body === null || body + bytes > blob.size) return null;
    if (method === 0) entries.set(name, { at: body, bytes });
    at += 46 + skip;
  }
  return entries;
}

async function bodyAt(blob: Blob, local: number): Promise<number | null> {
  const head = await viewOf(blob, local, local + 30);
  if (head.byteLength < 30 || head.getUint32(0, true) !== LOCAL) return null;
  return local + 30 + head.getUint16(26, true) + head.getUint16(28, true);
}

async function viewOf(blob: Blob, start: number, end: number): Promise<DataView<ArrayBuffer>> {
  return new DataView(await blob.slice(start, end).arrayBuffer());
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum;
});

async function sumOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<number> {
  const reader = stream.getReader();
  let sum = 0xffff_ffff;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return (sum ^ 0xffff_ffff) >>> 0;
    for (const byte of value) sum = (TABLE[(sum ^ byte) & 255] ?? 0) ^ (sum >>> 8);
  }
}
