/** Rows as lines: kept as they were sent, for a digest is over those bytes, and parsed when somebody looks. */

const NEWLINE = 10;
const decoder = new TextDecoder();

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

export function storedRow(line: RowLine): StoredRow {
  const [version, row] = JSON.parse(decoder.decode(line.bytes)) as [number, StoredRow["row"]]; // Not gone: the caller has looked.
  return { version, row };
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
