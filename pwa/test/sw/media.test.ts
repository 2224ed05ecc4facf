import { beforeEach, expect, test, vi } from "vitest";
import { bringFile } from "../../src/media/later/bringing.ts";
import { PIECE_BYTES, pieceOf } from "../../src/media/pieces.ts";
import { answerMedia, cutOf } from "../../src/sw/media.ts";
import { MemoryCaches } from "../support/caches.ts";
import { film, hashOf, Server } from "../support/film.ts";

const FILM = film(2 * PIECE_BYTES + 777, 21);
let memory: MemoryCaches;
let server: Server;
let sha256: string;

beforeEach(async () => {
  memory = new MemoryCaches();
  vi.stubGlobal("caches", memory);
  vi.stubGlobal("navigator", {});
  server = new Server();
  const file = server.add(FILM);
  sha256 = file.sha256;
  const ask = (hash: string) => server.answer(`/media/${hash}`, new Headers());
  await bringFile({ ...file, ask, signal: new AbortController().signal, onBytes: () => undefined });
});

function asked(headers: Record<string, string> = {}, hash = sha256): Promise<Response> | undefined {
  const request = { url: `https://spark.example/media/${hash}`, method: "GET", headers: new Headers(headers) };
  return answerMedia(request as unknown as Request); // What the worker reads of one.
}

test.each([
  ["bytes=0-", 0, FILM.byteLength - 1],
  ["bytes=0-1", 0, 1],
  ["bytes=1048575-1048576", PIECE_BYTES - 1, PIECE_BYTES],
  ["bytes=1500000-", 1_500_000, FILM.byteLength - 1],
  ["bytes=-100", FILM.byteLength - 100, FILM.byteLength - 1],
  ["bytes=2097000-99999999", 2_097_000, FILM.byteLength - 1],
])("%s is answered from the pieces, byte for byte", async (range, start, end) => {
  const response = await asked({ range });
  expect(response?.status).toBe(206);
  expect(response?.headers.get("content-range")).toBe(`bytes ${start}-${end}/${FILM.byteLength}`);
  expect(response?.headers.get("content-length")).toBe(String(end - start + 1));
  expect(hashOf(new Uint8Array((await response?.arrayBuffer()) ?? []))).toBe(hashOf(FILM.slice(start, end + 1)));
});

test.each([
  ["", null],
  ["bytes=-", null],
  ["bytes=5-2", null],
  ["bytes=0-1,5-6", null],
  ["items=0-1", null],
  ["bytes=10-", "none"],
  ["bytes=-0", "none"],
  ["bytes=9-", [9, 9]],
  ["bytes=-99", [0, 9]],
  [" bytes = 1 - 2 ", [1, 2]],
] as const)("of ten bytes %j means %j", (header, cut) => {
  expect(cutOf(header, 10)).toEqual(cut);
});

test("the whole film is a stream, and none of it is read before it is wanted", async () => {
  const cache = await memory.open("spark-media-1");
  const matched: string[] = [];
  const match = cache.match.bind(cache);
  cache.match = (address) => {
    matched.push(address);
    return match(address);
  };
  const response = await asked();
  expect(response?.status).toBe(200);
  expect(matched).not.toContain(pieceOf(sha256, 0));
  const reader = response?.body?.getReader();
  await reader?.read();
  expect(matched).toContain(pieceOf(sha256, 0));
  expect(matched).not.toContain(pieceOf(sha256, 1));
  await reader?.cancel();
});

test("a player gets the type that was kept, and nothing of it may run", async () => {
  const response = await asked();
  expect(response?.headers.get("content-type")).toBe("video/mp4");
  expect(response?.headers.get("x-content-type-options")).toBe("nosniff");
  expect(response?.headers.get("content-security-policy")).toBe("default-src 'none'; sandbox");
});

test("a part that the file does not have is said so", async () => {
  const response = await asked({ range: `bytes=${FILM.byteLength}-` });
  expect(response?.status).toBe(416);
  expect(response?.headers.get("content-range")).toBe(`bytes */${FILM.byteLength}`);
});

test("what is half here, or not at all, goes to the server; so do the downloads themselves", async () => {
  const half = film(2 * PIECE_BYTES, 23);
  const file = server.add(half);
  server.link.cutAfter = PIECE_BYTES + 5;
  const ask = (hash: string) => server.answer(`/media/${hash}`, new Headers());
  const coming = bringFile({ ...file, ask, signal: new AbortController().signal, onBytes: () => undefined });
  await expect(coming).rejects.toBeInstanceOf(TypeError);
  const passed: string[] = [];
  vi.stubGlobal("fetch", async ({ url }: Request) => {
    passed.push(url);
    return new Response("of the server");
  });
  expect(await (await asked({}, file.sha256))?.text()).toBe("of the server");
  expect(await (await asked({}, "0".repeat(64)))?.text()).toBe("of the server");
  expect(passed).toHaveLength(2);
  expect(asked({ authorization: "Bearer x" })).toBeUndefined();
  expect(asked({}, "../api")).toBeUndefined();
});

test("a film with a hole breaks off where the hole is, and not with wrong bytes", async () => {
  await (await memory.open("spark-media-1")).delete(pieceOf(sha256, 1));
  await expect((await asked())?.arrayBuffer()).rejects.toThrow("a piece of this file is gone");
});
