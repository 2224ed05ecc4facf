/** The answer's body, line by line, as bytes: a row is kept as it was sent, for its digest is over those bytes. */

const NEWLINE = 10;
const LINE_BYTES_MAX = 4 * 1024 * 1024; // A row travels alone at worst; nothing we store is larger.

/** No byte came for too long, or the connection broke: what was read so far stays good. */
export class Stalled extends Error {
  override readonly name = "Stalled";
}

/**
 * Read whole lines, as many at once as have come. A last line without its newline was torn by the link and is not given out.
 *
 * Raises: Stalled when no byte comes for `stallMs`, whatever time the whole answer takes; or what the body's reader raises.
 */
export async function* linesOf(
  body: ReadableStream<Uint8Array>,
  stallMs: number,
  onBytes: (count: number) => void = () => undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>[]> {
  const reader = body.getReader();
  let rest = new Uint8Array(0);
  try {
    for (;;) {
      const { done, value } = await withinStall(reader.read(), stallMs);
      if (done) return;
      onBytes(value.length);
      const bytes = joined(rest, value);
      const lines: Uint8Array<ArrayBuffer>[] = [];
      let from = 0;
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
        if (end > from) lines.push(bytes.subarray(from, end));
        from = end + 1;
      }
      rest = bytes.subarray(from);
      if (lines.length > 0) yield lines;
      if (rest.length > LINE_BYTES_MAX) throw new Stalled("A line of the answer has no end.");
    }
  } finally {
    // Not awaited: a body that hangs would hang here again.
    reader.cancel().catch(() => undefined);
  }
}

export function withinStall<T>(promise: Promise<T>, stallMs: number): Promise<T> {
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
