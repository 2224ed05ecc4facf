/** Speaks with the server about one file. Knows no queue: what it meets it says. */

import type { Upload } from "./types.ts";

export type ServerState = "receiving" | "received" | "checking" | Ended;
export type Ended = "ready" | "refused" | "failed" | "cancelled" | "expired";

export interface Session {
  readonly state: ServerState;
  readonly part_bytes: number;
  readonly parts_count: number;
  readonly path: string | null;
  readonly have: { readonly whole: string; readonly partial: Readonly<Record<string, number>> };
  readonly reason_code: string | null;
  readonly reason: string | null;
}

export interface Answer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly retryAfterS: number | null;
  readonly data: unknown;
}

/** One request; null: the link was cut, or the answer was not our server's. */
export interface Link {
  json(method: string, path: string, body?: unknown): Promise<Answer | null>;
  put(
    path: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array<ArrayBuffer>,
    onSent: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<Answer | null>;
}

/** The server says no, for good. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Not now: no network, no session, too much at once. */
export class NotNow extends Error {
  constructor(
    readonly code: string,
    readonly afterMs: number | null = null,
  ) {
    super(code);
  }
}

const FINAL = new Set([403, 413, 415, 422]);

export async function begin(link: Link, upload: Upload, session: string): Promise<Session> {
  const answer = await link.json("POST", "/api/v1/uploads", {
    id: session,
    name: upload.name,
    bytes: upload.bytes,
    mime: upload.mime,
    sha256: upload.sha256,
    purpose: upload.purpose,
    purpose_id: upload.purposeId,
    licence: upload.licence,
    attribution: upload.attribution,
  });
  return checked(answer) as Session; // Our own server's answer.
}

export async function complete(link: Link, session: string, sha256: string): Promise<void> {
  checked(await link.json("POST", `/api/v1/uploads/${session}/complete`, { sha256 }));
}

export async function cancel(link: Link, session: string): Promise<void> {
  await link.json("DELETE", `/api/v1/uploads/${session}`);
}

/** Raises Refusal, NotNow. */
function checked(answer: Answer | null): unknown {
  if (answer === null) throw new NotNow("network.offline");
  if (answer.status < 300) return answer.data;
  if (FINAL.has(answer.status)) throw new Refusal(answer.code, answer.message);
  throw new NotNow(answer.code, answer.retryAfterS === null ? null : answer.retryAfterS * 1000);
}

/** Which parts are missing, and from where each goes on. */
export function missing(session: Session): Map<number, number> {
  const whole = new Set<number>();
  for (const run of session.have.whole.split(",").filter(Boolean)) {
    const [first = 0, last = first] = run.split("-").map(Number);
    for (let n = first; n <= last; n++) whole.add(n);
  }
  const parts = new Map<number, number>();
  for (let n = 0; n < session.parts_count; n++) if (!whole.has(n)) parts.set(n, session.have.partial[n] ?? 0);
  return parts;
}

/**
 * Send one part from `offset` on. The server tells where it stands when it knows better: then from there.
 * Raises Refusal, NotNow.
 */
export async function sendPart(
  link: Link,
  path: string,
  n: number,
  part: { readonly bytes: Uint8Array<ArrayBuffer>; readonly sha256: string },
  offset: number,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let from = offset;
  for (let tries = 0; tries < 5; tries++) {
    const headers = { "upload-offset": String(from), "part-sha256": part.sha256 };
    const start = from;
    const answer = await link.put(
      `${path}${n}`,
      headers,
      part.bytes.subarray(from),
      (sent) => onSent(start + sent),
      signal,
    );
    if (answer === null) throw new NotNow("network.offline");
    if (answer.status === 204) {
      onSent(part.bytes.length);
      return;
    }
    if (answer.code === "upload.offset") from = Math.min(Number(answer.fields.offset) || 0, part.bytes.length);
    else if (answer.code === "upload.part_damaged") from = 0;
    else if (answer.code === "upload.part_taken") throw new Refusal(answer.code, answer.message);
    else throw new NotNow(answer.code, answer.retryAfterS === null ? null : answer.retryAfterS * 1000);
    onSent(from);
  }
  throw new NotNow("upload.part_damaged");
}
