/** Media of this phone, whole or a part: films play and seek with no network, and never lie in memory whole. */

import { type Cut, streamOf } from "../media/later/streaming.ts";
import { findKept } from "../media/pieces.ts";

const MEDIA = /^\/media\/([0-9a-f]{64})$/;
const SHOWN = /^(image|audio|video)\/|^text\/vtt/;

/** An answer from this phone, else the server's. Undefined: not a file, or asked for by the downloads themselves. */
export function answerMedia(request: Request): Promise<Response> | undefined {
  const sha256 = MEDIA.exec(new URL(request.url).pathname)?.[1];
  if (sha256 === undefined || request.headers.has("authorization")) return undefined;
  return fromPhone(sha256, request);
}

async function fromPhone(sha256: string, request: Request): Promise<Response> {
  const kept = await findKept(sha256);
  if (!kept) return fetch(request);
  const headers = new Headers({
    "content-type": kept.mime,
    "accept-ranges": "bytes",
    etag: `"${sha256}"`,
    // As the server sends it: whatever it is, it never runs as a page of ours.
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "content-disposition": SHOWN.test(kept.mime) ? "inline" : "attachment",
  });
  const cut = cutOf(request.headers.get("range") ?? "", kept.bytes);
  if (cut === "none") {
    headers.set("content-range", `bytes */${kept.bytes}`);
    return new Response(null, { status: 416, headers });
  }
  const [start, end] = cut ?? [0, kept.bytes - 1];
  headers.set("content-length", String(end - start + 1));
  if (cut) headers.set("content-range", `bytes ${start}-${end}/${kept.bytes}`);
  return new Response(streamOf(kept, [start, end]), { status: cut ? 206 : 200, headers });
}

/** The bytes that are meant; null: all of them, also for several ranges; "none": the file does not have them. */
export function cutOf(header: string, bytes: number): Cut | null | "none" {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.replaceAll(" ", ""));
  if (!found || found[0] === "bytes=-") return null;
  const [, first = "", last = ""] = found;
  if (first === "") return Number(last) === 0 ? "none" : [Math.max(0, bytes - Number(last)), bytes - 1];
  if (Number(first) >= bytes) return "none";
  if (last !== "" && Number(last) < Number(first)) return null; // No range at all, says RFC 9110.
  return [Number(first), last === "" ? bytes - 1 : Math.min(Number(last), bytes - 1)];
}
