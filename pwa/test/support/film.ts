/** Bytes that are like no others, a server that hands them out over a bad link, and what was asked of it. */

import { createHash } from "node:crypto";
import { vi } from "vitest";

/** The same bytes for the same seed (xorshift32). */
export function film(bytes: number, seed = 1): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(bytes);
  let x = seed * 2 + 1;
  for (let at = 0; at < bytes; at += 1) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    made[at] = x;
  }
  return made;
}

export const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export interface Link {
  cutAfter: number; // Each connection dies after so many bytes of a body.
  knowsRanges: boolean;
  isPortal: boolean; // Somebody's sign-in page answers everything.
}

export class Server {
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly asked: [sha256: string, range: string | null][] = [];
  readonly link: Link = { cutAfter: Number.POSITIVE_INFINITY, knowsRanges: true, isPortal: false };
  sent = 0;
  largest = 0; // Chunk that was handed out.

  constructor(private readonly chunkBytes = 65_536) {
    vi.stubGlobal("fetch", (address: string, options: { headers: Headers }) => this.answer(address, options.headers));
  }

  add(bytes: Uint8Array<ArrayBuffer>): { sha256: string; bytes: number } {
    this.files.set(hashOf(bytes), bytes);
    return { sha256: hashOf(bytes), bytes: bytes.byteLength };
  }

  async answer(address: string, headers: Headers): Promise<Response> {
    if (address.startsWith("/api/")) return new Response("", { status: 503 }); // No sessions here: files are all it has.
    const sha256 = address.split("/").at(-1) ?? "";
    const range = headers.get("range");
    this.asked.push([sha256, range]);
    if (this.link.isPortal) return new Response("<h1>Sign in</h1>", { headers: { "content-type": "text/html" } });
    const body = this.files.get(sha256);
    if (!body) return new Response("{}", { status: 404 });
    const [, first, last] = /bytes=(\d+)-(\d*)/.exec(range ?? "") ?? [];
    const isPart = first !== undefined && this.link.knowsRanges;
    const start = isPart ? Number(first) : 0;
    const end = isPart && last ? Number(last) : body.byteLength - 1;
    const about = new Headers({ "content-type": "video/mp4", "content-length": String(end - start + 1) });
    if (isPart) about.set("content-range", `bytes ${start}-${end}/${body.byteLength}`);
    return new Response(this.stream(body.subarray(start, end + 1)), { status: isPart ? 206 : 200, headers: about });
  }

  private stream(body: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
    const { cutAfter } = this.link;
    let at = 0;
    return new ReadableStream(
      {
        pull: (controller) => {
          if (at >= cutAfter) return controller.error(new TypeError("cut"));
          if (at >= body.byteLength) return controller.close();
          const chunk = body.slice(at, Math.min(at + this.chunkBytes, cutAfter));
          at += chunk.byteLength;
          this.sent += chunk.byteLength;
          this.largest = Math.max(this.largest, chunk.byteLength);
          controller.enqueue(chunk);
        },
      },
      { highWaterMark: 0 },
    );
  }
}
