/** Bytes as a server reads and sends them. */

/** The ops' texts as they stand in the body: the hash is over those bytes. */
export function cutOps(text: string): string[] {
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

export function streamOf(bytes: Uint8Array, isTorn: boolean): ReadableStream<Uint8Array> {
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
