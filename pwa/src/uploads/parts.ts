/** All parts that are missing, two at once; the first that fails stops the other. */

import { sha256Of } from "./ids.ts";
import { type Link, missing, NotNow, type Session, sendPart } from "./sender.ts";

const PARTS_AT_ONCE = 2;

export interface Sending {
  readonly link: Link;
  readonly session: Session;
  readonly path: string;
  readonly bytes: number;
  readonly read: (start: number, end: number) => Promise<Uint8Array<ArrayBuffer>>;
  readonly onSent: (bytes: number) => void; // That the server has, as far as we know.
}

/** Raises what stood in the way: a refusal before a link that was cut. */
export async function sendParts(sending: Sending, signal: AbortSignal): Promise<void> {
  const { link, session, path } = sending;
  const todo = missing(session);
  const size = (n: number) => Math.min(session.part_bytes, sending.bytes - n * session.part_bytes);
  const sent = new Map<number, number>(todo);
  let whole = sending.bytes;
  for (const n of todo.keys()) whole -= size(n);
  const tell = () => sending.onSent(whole + [...sent.values()].reduce((sum, bytes) => sum + bytes, 0));
  tell();
  const failed = new AbortController();
  const stop = () => failed.abort();
  signal.addEventListener("abort", stop);
  const parts = todo.entries();
  const worker = async () => {
    for (const [n, offset] of parts) {
      if (failed.signal.aborted) return;
      const start = n * session.part_bytes;
      const bytes = await sending.read(start, start + size(n));
      const onSent = (done: number) => {
        sent.set(n, done);
        tell();
      };
      await sendPart(link, path, n, { bytes, sha256: await sha256Of(bytes) }, offset, onSent, failed.signal);
    }
  };
  const workers = Array.from({ length: PARTS_AT_ONCE }, worker);
  for (const one of workers) one.catch(stop);
  const ends = await Promise.allSettled(workers);
  signal.removeEventListener("abort", stop);
  const errors = ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
  const telling = errors.find((error) => !(error instanceof NotNow)) ?? errors[0];
  if (telling !== undefined) throw telling;
}
