/** The answer's body, line by line, as bytes: a row is kept as it was sent, for its digest is over those bytes. */

const NEWLINE = 10;
const LINE_BYTES_MAX = 4 * 1024 * 1024; // A row travels alone at worst; nothing we store is larger.
const decoder = new TextDecoder();

/** No byte came for too long, or the connection broke: what was read so far stays good. */
export class Stalled extends Error {
  override readonly name = "Stalled";
}

/**
 * Read whole lines. A last line without its newline was torn by the link and is not given out.
 *
 * Raises: Stalled when no byte comes for `stallMs`, whatever time the whole answer takes; or what the body's reader raises.
 */
export async function* linesOf(
  body: ReadableStream<Uint8Array>,
  stallMs: number,
  onBytes: (count: number) => void = () => undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  let rest = new Uint8Array(0);
  try {
    for (;;) {
      const { done, value } = await withinStall(reader.read(), stallMs);
      if (done) return;
      onBytes(value.length);
      const bytes = joined(rest, value);
      let from = 0;
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
        if (end > from) yield bytes.slice(from, end);
        from = end + 1;
      }
      rest = bytes.slice(from);
      if (rest.length > LINE_BYTES_MAX) throw new Stalled("A line of the answer has no end.");
    }
  } finally {
    // Not awaited: a body that hangs would hang here again.
    reader.cancel().catch(() => undefined);
  }
}

function withinStall<T>(promise: Promise<T>, stallMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stall = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Stalled(`No byte for ${stallMs} ms.`)), stallMs);
  });
  return Promise.race([promise, stall]).finally(() => clearTimeout(timer));
}

function joined(rest: Uint8Array, more: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(rest.length + more.length);
  bytes.set(rest);
  bytes.set(more, rest.length);
  return bytes;
}

/** A row line `[3,{"id":"…",…}]` or a gone line `[4,"…"]`, as much of it as storing needs. */
export interface RowLine {
  readonly id: string;
  readonly gone: boolean;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const HEAD_BYTES = 96; // `[version,{"id":"` and an id.
const HEAD = /^\[\d+,(?:\{"id":)?"([^"\\]{1,64})"/;

/** Read id and kind from the first bytes; the rest is not parsed until somebody looks at it. Null: not a row line. */
export function rowLine(bytes: Uint8Array<ArrayBuffer>): RowLine | null {
  const match = HEAD.exec(decoder.decode(bytes.subarray(0, HEAD_BYTES)));
  const id = match?.[1];
  if (match === null || id === undefined) return null;
  return { id, gone: !match[0].includes("{"), bytes };
}

export interface StoredRow {
  readonly version: number;
  readonly row: { readonly id: string } & Readonly<Record<string, unknown>>;
}

/** Parse a chunk's lines in their order: a later line of an id wins, null is a row that went. */
export function* storedRows(chunk: Uint8Array): Generator<readonly [id: string, stored: StoredRow | null]> {
  for (const line of decoder.decode(chunk).split("\n")) {
    if (line === "") continue;
    // Written by `chunkOf` from lines that `rowLine` accepted.
    const [version, row] = JSON.parse(line) as [number, string | StoredRow["row"]];
    yield typeof row === "string" ? [row, null] : [row.id, { version, row }];
  }
}

/** Split a chunk into its lines again. */
export function chunkLines(chunk: Uint8Array<ArrayBuffer>): RowLine[] {
  const lines: RowLine[] = [];
  let from = 0;
  for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
    const line = rowLine(chunk.subarray(from, end));
    if (line !== null) lines.push(line);
    from = end + 1;
  }
  return lines;
}

export function chunkOf(lines: readonly RowLine[]): Uint8Array<ArrayBuffer> {
  const chunk = new Uint8Array(lines.reduce((sum, line) => sum + line.bytes.length + 1, 0));
  let at = 0;
  for (const { bytes } of lines) {
    chunk.set(bytes, at);
    at += bytes.length;
    chunk[at++] = NEWLINE;
  }
  return chunk;
}
