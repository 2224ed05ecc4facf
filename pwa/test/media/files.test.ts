import { beforeEach, expect, test, vi } from "vitest";
import { deleteFile, FileDamaged, fetchFile, hasFile, keptFiles, readFile } from "../../src/media/files.ts";
import { chooseVariant } from "../../src/media/variants.ts";
import { MemoryCaches, sha256 } from "../support/caches.ts";

const TEXT = "a picture of a train, ".repeat(40);
let memory: MemoryCaches;
let asked: (string | null)[];

beforeEach(() => {
  memory = new MemoryCaches();
  asked = [];
  vi.stubGlobal("caches", memory);
});

interface Serving {
  readonly body?: string;
  readonly cutAt?: number; // The connection dies after so many bytes.
  readonly ranges?: boolean;
}

/** A server that hands out TEXT, whole or from where the phone asks. */
function serve({ body = TEXT, cutAt = Number.POSITIVE_INFINITY, ranges = true }: Serving = {}): void {
  vi.stubGlobal("fetch", async (_address: string, { headers }: { headers: Headers }) => {
    const range = headers.get("range");
    asked.push(range);
    const from = range && ranges ? Number(/bytes=(\d+)-/.exec(range)?.[1]) : 0;
    const bytes = new TextEncoder().encode(body.slice(from));
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.slice(0, Math.min(cutAt, bytes.length)));
        if (cutAt < bytes.length) setTimeout(() => controller.error(new TypeError("cut")));
        else controller.close();
      },
    });
    return new Response(stream, { status: from > 0 ? 206 : 200, headers: { "content-type": "image/webp" } });
  });
}

async function bring(counted: number[] = []): Promise<void> {
  await fetchFile({
    sha256: await sha256(TEXT),
    token: async () => "token",
    signal: new AbortController().signal,
    onBytes: (bytes) => counted.push(bytes),
  });
}

const total = (counted: readonly number[]) => counted.reduce((sum, bytes) => sum + bytes, 0);

test("a file is kept under its hash and read again without a network", async () => {
  serve();
  const counted: number[] = [];
  await bring(counted);

  const hash = await sha256(TEXT);
  expect(await hasFile(hash)).toBe(true);
  expect(await (await readFile(hash))?.text()).toBe(TEXT);
  expect((await readFile(hash))?.type).toBe("image/webp");
  expect([...(await keptFiles())]).toEqual([hash]);
  expect(total(counted)).toBe(TEXT.length);
});

test("what came before the network went is kept, and only the rest is asked for", async () => {
  serve({ cutAt: 100 });
  const first: number[] = [];
  await expect(bring(first)).rejects.toBeInstanceOf(TypeError);
  expect(total(first)).toBe(0); // Nothing is verified yet.
  expect(await hasFile(await sha256(TEXT))).toBe(false);

  serve();
  const second: number[] = [];
  await bring(second);
  expect(asked).toEqual([null, "bytes=100-"]);
  expect(total(second)).toBe(TEXT.length);
  expect(await (await readFile(await sha256(TEXT)))?.text()).toBe(TEXT);
});

test("a server that knows no ranges is read from the start", async () => {
  serve({ cutAt: 100 });
  await expect(bring()).rejects.toBeInstanceOf(TypeError);
  serve({ ranges: false });
  const counted: number[] = [];
  await bring(counted);
  expect(total(counted)).toBe(TEXT.length);
  expect(await (await readFile(await sha256(TEXT)))?.text()).toBe(TEXT);
});

test("bytes that are not those of the hash are never kept", async () => {
  serve({ body: TEXT.replace("train", "drain") });
  const counted: number[] = [];
  await expect(bring(counted)).rejects.toBeInstanceOf(FileDamaged);
  expect(await hasFile(await sha256(TEXT))).toBe(false);
  expect(total(counted)).toBe(0);

  serve();
  await bring();
  expect(asked.at(-1)).toBeNull(); // The damaged part was thrown away.
});

test("a full phone says so and keeps nothing half", async () => {
  (await memory.open("spark-media-1")).roomBytes = 10;
  serve();
  await expect(bring()).rejects.toMatchObject({ name: "QuotaExceededError" });
  expect(await hasFile(await sha256(TEXT))).toBe(false);
});

test("a file that is here is not asked for again, and a removed one is gone", async () => {
  serve();
  await bring();
  await bring();
  expect(asked).toHaveLength(1);
  await deleteFile(await sha256(TEXT));
  expect(await readFile(await sha256(TEXT))).toBeNull();
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
