import { beforeEach, expect, test, vi } from "vitest";
import { holding, readFile } from "../../src/media/files.ts";
import { bringAll, bringFile, deleteFile, FileDamaged, FileGone } from "../../src/media/later/bringing.ts";
import { PIECE_BYTES, pieceOf } from "../../src/media/pieces.ts";
import { chooseVariant } from "../../src/media/variants.ts";
import { MemoryCaches } from "../support/caches.ts";
import { film, hashOf, Server } from "../support/film.ts";

const SMALL = film(3_000, 7);
const LARGE = film(2 * PIECE_BYTES + 12_345, 9);
let memory: MemoryCaches;
let server: Server;
let counted: [all: number, fresh: number][];

beforeEach(() => {
  memory = new MemoryCaches();
  counted = [];
  vi.stubGlobal("caches", memory);
  vi.stubGlobal("navigator", {});
  server = new Server();
});

const ask = (sha256: string, start: number, end: number | null) =>
  fetch(`/media/${sha256}`, { headers: new Headers(start > 0 || end ? { range: `bytes=${start}-${end ?? ""}` } : {}) });

const bring = (file: { sha256: string; bytes: number }, signal = new AbortController().signal) =>
  bringFile({ ...file, ask, signal, onBytes: (all, fresh) => counted.push([all, fresh]) });

const hashKept = async (sha256: string) =>
  hashOf(new Uint8Array((await (await readFile(sha256))?.arrayBuffer()) ?? []));
const store = () => memory.open("spark-media-1");
const isKept = async (sha256: string) => (await holding()).whole.has(sha256);

test.each([
  ["a file of less than a piece", SMALL],
  ["a file of exactly one piece", film(PIECE_BYTES, 3)],
  ["a film of several pieces", LARGE],
])("%s is kept under its hash and read again without a network", async (_what, body) => {
  const file = server.add(body);
  await bring(file);
  expect(await isKept(file.sha256)).toBe(true);
  expect(await hashKept(file.sha256)).toBe(file.sha256);
  expect((await readFile(file.sha256))?.type).toBe("video/mp4");
  expect(counted.at(-1)?.[0]).toBe(body.byteLength);
  expect([...(await store()).kept.keys()].filter((address) => address.endsWith("/come"))).toEqual([]);
});

test.each([1, 999, 2_999, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES, LARGE.byteLength - 1])(
  "a download cut after byte %i goes on at that byte",
  async (cut) => {
    const body = cut < SMALL.byteLength ? SMALL : LARGE;
    const file = server.add(body);
    server.link.cutAfter = cut;
    await expect(bring(file)).rejects.toBeInstanceOf(TypeError);
    expect(await isKept(file.sha256)).toBe(false);
    expect(await readFile(file.sha256)).toBeNull();

    server.link.cutAfter = Number.POSITIVE_INFINITY;
    await bring(file);
    expect(server.asked.at(-1)).toEqual([file.sha256, `bytes=${cut}-`]);
    expect(server.sent).toBe(body.byteLength);
    expect(await hashKept(file.sha256)).toBe(file.sha256);
  },
);

test("over a link that dies every 300,000 bytes no byte comes twice", async () => {
  const file = server.add(LARGE);
  server.link.cutAfter = 300_000;
  let cuts = 0;
  while (!(await isKept(file.sha256))) {
    await bring(file).catch((error: unknown) => {
      if (!(error instanceof TypeError)) throw error;
      cuts += 1;
    });
  }
  expect(cuts).toBe(Math.floor(LARGE.byteLength / 300_000));
  expect(server.sent).toBe(LARGE.byteLength);
  expect(await hashKept(file.sha256)).toBe(file.sha256);
});

test("a browser killed before the hash was written down makes it anew from the pieces", async () => {
  const file = server.add(LARGE);
  server.link.cutAfter = PIECE_BYTES + 500;
  await expect(bring(file)).rejects.toBeInstanceOf(TypeError);
  await (await store()).delete(`/media/${file.sha256}/come`);
  server.link.cutAfter = Number.POSITIVE_INFINITY;
  await bring(file);
  expect(server.sent).toBe(LARGE.byteLength);
  expect(await hashKept(file.sha256)).toBe(file.sha256);
});

test("a film of 40 MB never lies in memory whole: what is written at once is a piece", async () => {
  const body = film(40 * 1_000_000, 5);
  const file = server.add(body);
  let largest = 0;
  const cache = await store();
  const put = cache.put.bind(cache);
  cache.put = async (address, response) => {
    largest = Math.max(largest, (await response.clone().arrayBuffer()).byteLength);
    await put(address, response);
  };
  await bring(file);
  expect(largest).toBe(PIECE_BYTES);
  expect(await isKept(file.sha256)).toBe(true);
});

test("a server that knows no ranges sends all again, and what was here is not written twice", async () => {
  const file = server.add(LARGE);
  server.link.cutAfter = PIECE_BYTES + 500;
  await expect(bring(file)).rejects.toBeInstanceOf(TypeError);
  server.link.knowsRanges = false;
  server.link.cutAfter = Number.POSITIVE_INFINITY;
  await bring(file);
  expect(await hashKept(file.sha256)).toBe(file.sha256);
});

test.each([
  ["small", SMALL],
  ["large", LARGE],
])("bytes that are not those of the hash are never kept (%s)", async (_size, body) => {
  const file = server.add(body);
  const wrong = body.slice();
  wrong[wrong.byteLength >> 1] = (wrong[wrong.byteLength >> 1] ?? 0) ^ 1;
  server.files.set(file.sha256, wrong);
  await expect(bring(file)).rejects.toBeInstanceOf(FileDamaged);
  expect((await store()).kept.size).toBe(0);

  server.files.set(file.sha256, body);
  await bring(file);
  expect(server.asked.at(-1)?.[1]).toBeNull(); // The damaged bytes were thrown away.
  expect(await hashKept(file.sha256)).toBe(file.sha256);
});

test("a page of whoever owns the network is not taken for a film, and spoils nothing that came", async () => {
  const file = server.add(LARGE);
  server.link.cutAfter = PIECE_BYTES + 500;
  await expect(bring(file)).rejects.toBeInstanceOf(TypeError);
  server.link.isPortal = true;
  await expect(bring(file)).rejects.toBeInstanceOf(TypeError);
  server.link.isPortal = false;
  server.link.cutAfter = Number.POSITIVE_INFINITY;
  await bring(file);
  expect(server.sent).toBe(LARGE.byteLength);
});

test("a body of another length is not that file", async () => {
  const file = server.add(SMALL);
  await expect(bring({ ...file, bytes: SMALL.byteLength - 1 })).rejects.toThrow();
  expect(await isKept(file.sha256)).toBe(false);
});

test("a piece that the browser lost is brought alone, and a wrong one is not taken for it", async () => {
  const file = server.add(LARGE);
  await bring(file);
  await (await store()).delete(pieceOf(file.sha256, 1));
  expect(await isKept(file.sha256)).toBe(false);
  expect(await readFile(file.sha256)).toBeNull();

  const wrong = LARGE.slice();
  wrong[PIECE_BYTES + 3] = (wrong[PIECE_BYTES + 3] ?? 0) ^ 1;
  server.files.set(file.sha256, wrong);
  await expect(bring(file)).rejects.toBeInstanceOf(FileDamaged);
  expect(await isKept(file.sha256)).toBe(false);

  server.files.set(file.sha256, LARGE);
  const before = server.sent;
  await bring(file);
  expect(server.sent - before).toBe(PIECE_BYTES);
  expect(await hashKept(file.sha256)).toBe(file.sha256);
});

test("a type that our origin would run is not kept", async () => {
  const file = server.add(SMALL);
  const answer = server.answer.bind(server);
  server.answer = async (address, headers) => {
    const response = await answer(address, headers);
    response.headers.set("content-type", "image/svg+xml");
    return response;
  };
  await bring(file);
  expect((await readFile(file.sha256))?.type).toBe("application/octet-stream");
});

test("a full phone says so, and goes on when there is room", async () => {
  const file = server.add(LARGE);
  const cache = await store();
  cache.roomBytes = PIECE_BYTES - 1;
  await expect(bring(file)).rejects.toMatchObject({ name: "QuotaExceededError" });
  expect(await isKept(file.sha256)).toBe(false);
  cache.roomBytes = Number.POSITIVE_INFINITY;
  await bring(file);
  expect(await hashKept(file.sha256)).toBe(file.sha256);
});

test("who stops a download keeps what came", async () => {
  const file = server.add(LARGE);
  const abort = new AbortController();
  const stopping = bringFile({
    ...file,
    ask,
    signal: abort.signal,
    onBytes: (all) => all > PIECE_BYTES && abort.abort(),
  });
  await expect(stopping).rejects.toMatchObject({ name: "AbortError" });
  expect((await holding()).came.get(file.sha256)).toBeGreaterThan(0);
  const before = server.sent;
  await bring(file);
  expect(server.sent - before).toBeLessThan(LARGE.byteLength - PIECE_BYTES);
});

test("a file that is here is not asked for again, and a removed one leaves nothing", async () => {
  const file = server.add(LARGE);
  await bring(file);
  await bring(file);
  expect(server.asked).toHaveLength(1);
  await deleteFile(file.sha256);
  expect((await store()).kept.size).toBe(0);
});

test("of several, one that is gone or damaged does not keep the others away", async () => {
  const [one, two] = [server.add(SMALL), server.add(film(5_000, 11))];
  const gone = { sha256: "0".repeat(64), bytes: 10 };
  const whole: string[] = [];
  const errand = {
    ask,
    abort: new AbortController(),
    onBytes: () => undefined,
    onWhole: (sha256: string) => whole.push(sha256),
    makeRoom: async () => 0,
  };
  expect(await bringAll([gone, one, two], errand)).toBe("gone");
  expect(whole.sort()).toEqual([one.sha256, two.sha256].sort());
  await expect(bring(gone)).rejects.toBeInstanceOf(FileGone);

  const torn = server.add(film(900, 13));
  const body = server.files.get(torn.sha256) as Uint8Array<ArrayBuffer>; // Added a line before.
  server.files.set(torn.sha256, body.slice().fill(0));
  await expect(bringAll([torn], { ...errand, abort: new AbortController() })).rejects.toBeInstanceOf(FileDamaged);
  expect(server.asked.filter(([sha256]) => sha256 === torn.sha256)).toHaveLength(2); // Once more, and no oftener.
});

const variant = (width: number) => ({
  name: `w${width}`,
  width,
  mime: "image/webp",
  bytes: width * 100,
  sha256: `${width}`,
});
const file = { variants: [variant(960), variant(480)] };

test.each([
  ["a small phone", { width: 320, ratio: 1.5, isSaving: false }, 480],
  ["a sharp phone", { width: 360, ratio: 3, isSaving: false }, 960],
  ["a sharp phone that saves data", { width: 360, ratio: 3, isSaving: true }, 480],
  ["a laptop", { width: 800, ratio: 2, isSaving: false }, 960],
])("%s takes the size that it can show", (_who, screen, width) => {
  expect(chooseVariant(file, screen)?.width).toBe(width);
});

test("a file without sizes has none to take", () => {
  expect(chooseVariant({ variants: [] }, { width: 360, ratio: 2, isSaving: false })).toBeUndefined();
});
