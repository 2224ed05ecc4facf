/** What keeping a film costs a phone beside its bare hash, and a link that dies again and again. Prints JSON. */

import { bringFile } from "../pwa/src/media/later/bringing.js";
import { createSHA256 } from "../pwa/src/media/later/hashing.js";
import { streamOf } from "../pwa/src/media/later/streaming.js";
import { findKept } from "../pwa/src/media/pieces.js";
import { MemoryCaches } from "../pwa/test/support/caches.js";
import { film, hashOf } from "../pwa/test/support/film.js";

const BYTES = 40_000_000;
const CHUNK_BYTES = 65_536;
const CUTS = 20;
const TURNS = 3;

const body = film(BYTES, 1);
const sha256 = hashOf(body);
let sent = 0;

/** The rest of the film, until the connection dies. */
function answer(start: number, cutAfter: number): Response {
  let at = start;
  const stop = Math.min(BYTES, start + cutAfter);
  const stream = new ReadableStream(
    {
      pull(controller) {
        if (at >= BYTES) return controller.close();
        if (at >= stop) return controller.error(new TypeError("cut"));
        const chunk = body.slice(at, Math.min(at + CHUNK_BYTES, stop));
        at += chunk.byteLength;
        sent += chunk.byteLength;
        controller.enqueue(chunk);
      },
    },
    { highWaterMark: 0 },
  );
  const headers = { "content-type": "video/mp4", "content-range": `bytes ${start}-${BYTES - 1}/${BYTES}` };
  return new Response(stream, { status: 206, headers });
}

async function bring(cutAfter: number): Promise<number> {
  Object.assign(globalThis, { caches: new MemoryCaches() });
  const signal = new AbortController().signal;
  const ask = async (_sha256: string, start: number) => answer(start, cutAfter);
  const begun = performance.now();
  for (let isWhole = false; !isWhole; ) {
    const coming = bringFile({ sha256, bytes: BYTES, ask, signal, onBytes: () => undefined });
    isWhole = await coming.then(
      () => true,
      (error: unknown) => {
        if (!(error instanceof TypeError)) throw error;
        return false;
      },
    );
  }
  return performance.now() - begun;
}

async function bare(): Promise<number> {
  const begun = performance.now();
  const hash = await createSHA256();
  for (let at = 0; at < BYTES; at += CHUNK_BYTES) hash.update(body.subarray(at, at + CHUNK_BYTES));
  if (hash.digest("hex") !== sha256) throw new Error("another film");
  return performance.now() - begun;
}

/** Until the first slice of a film that is kept, from its middle. */
async function start(): Promise<number> {
  const begun = performance.now();
  const kept = await findKept(sha256);
  if (!kept) throw new Error("the film is not kept");
  await streamOf(kept, [BYTES / 2, BYTES - 1]).getReader().read();
  return performance.now() - begun;
}

const best = async (act: () => Promise<number>) => {
  const all: number[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) all.push(await act());
  return Math.min(...all);
};

const floor = await best(bare);
const ours = await best(() => bring(BYTES));
const begin = await best(start);
sent = 0;
await bring(Math.ceil(BYTES / (CUTS + 1)));
console.log(JSON.stringify({ floor, ours, begin, ratio: sent / BYTES }));
