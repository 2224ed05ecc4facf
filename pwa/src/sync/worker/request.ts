/** The request of one exchange: bytes on their way up, and the answer's first bytes on their way down. */

import type { Unit } from "./queue.js";
import { type Mark, PROTOCOL, SCHEMA } from "./wire.js";

const GZIP_FROM_BYTES = 1024;

export interface Ask {
  readonly device: string;
  readonly cursor: string | null;
  readonly confirmed: Mark | null;
  readonly bytes: number;
  readonly buckets: readonly string[] | null; // Null: as in the request before.
  readonly lists: readonly ListAsked[];
  readonly check: readonly (readonly [string, number])[];
  readonly units: readonly Unit[];
}

/** A list of base files that is wanted again, or the rest of it. */
export type ListAsked =
  | readonly [bucket: string, tier: number]
  | readonly [bucket: string, tier: number, base: number, first: number];

/** Ops are put in as the strings they are: parsing and writing them again could change a byte. */
export function bodyOf(ask: Ask): string {
  const envelope = JSON.stringify({
    protocol: PROTOCOL,
    schema: SCHEMA,
    device: ask.device,
    ...(ask.cursor === null ? {} : { cursor: ask.cursor }),
    ...(ask.confirmed === null ? {} : { confirmed: ask.confirmed }),
    want: { bytes: ask.bytes, ...(ask.buckets === null ? {} : { buckets: ask.buckets }), files: ask.lists },
    ...(ask.check.length === 0 ? {} : { check: ask.check }),
  });
  const texts = ask.units.flat().flatMap(({ wish }) => wish.text ?? []);
  return texts.length === 0 ? envelope : `${envelope.slice(0, -1)},"ops":[${texts.join(",")}]}`;
}

/** What came back before a line was read. */
export type Reply =
  | { readonly kind: "lines"; readonly body: ReadableStream<Uint8Array> }
  | { readonly kind: "nothing" }
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly code: string;
      readonly retryAfterMs: number | null;
      readonly opIndex: number | null;
    }
  | { readonly kind: "foreign" } // Somebody else answered: a captive portal, a proxy.
  | { readonly kind: "offline" };

export interface Wire {
  readonly fetch: typeof fetch;
  readonly baseUrl: string;
  readonly stallMs: number;
}

/** Send, and wait for the head of the answer at most `stallMs`. Never raises for what a network does. */
export async function send(
  wire: Wire,
  body: string,
  token: string | null,
  abort: AbortController,
  path = "/api/v1/sync",
): Promise<Reply> {
  const timer = setTimeout(() => abort.abort(), wire.stallMs);
  try {
    const headers: Record<string, string> = { "Content-Type": "application/json", Accept: "application/x-ndjson" };
    if (token !== null) headers.Authorization = `Bearer ${token}`;
    const packed = body.length > GZIP_FROM_BYTES ? await gzip(body) : null;
    if (packed) headers["Content-Encoding"] = "gzip";
    const init: RequestInit = {
      method: "POST",
      headers,
      body: packed ?? body,
      signal: abort.signal,
      cache: "no-store",
      redirect: "error",
    };
    return await readReply(await wire.fetch(`${wire.baseUrl}${path}`, init));
  } catch {
    return { kind: "offline" }; // No connection, no name, aborted, redirected: all the same to the person.
  } finally {
    clearTimeout(timer);
  }
}

async function readReply(response: Response): Promise<Reply> {
  if (response.status === 204) return { kind: "nothing" };
  const type = response.headers.get("Content-Type") ?? "";
  if (response.status === 200) {
    const isOurs = type.startsWith("application/x-ndjson") && response.body !== null;
    return isOurs && response.body ? { kind: "lines", body: response.body } : { kind: "foreign" };
  }
  if (!type.startsWith("application/json")) return response.status >= 500 ? { kind: "offline" } : { kind: "foreign" };
  return readRefusal(response);
}

async function readRefusal(response: Response): Promise<Reply> {
  const body = (await response.json()) as { error?: { code?: unknown; details?: { op_index?: unknown } } } | null;
  const code = body?.error?.code;
  if (typeof code !== "string") return { kind: "foreign" };
  const seconds = Number(response.headers.get("Retry-After"));
  const retryAfterMs = response.headers.has("Retry-After") && Number.isFinite(seconds) ? seconds * 1000 : null;
  const index = body?.error?.details?.op_index;
  return {
    kind: "refused",
    status: response.status,
    code,
    retryAfterMs,
    opIndex: typeof index === "number" ? index : null,
  };
}

async function gzip(text: string): Promise<Uint8Array<ArrayBuffer> | null> {
  if (typeof CompressionStream === "undefined") return null;
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
