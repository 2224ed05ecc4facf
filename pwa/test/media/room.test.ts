import { beforeEach, expect, test } from "vitest";
import { holding } from "../../src/media/files.ts";
import { bringFile } from "../../src/media/later/bringing.ts";
import { makeRoom } from "../../src/media/later/room.ts";
import { keepWish, type Wish } from "../../src/media/wishes.ts";
import type { MemoryCaches } from "../support/caches.ts";
import { film, Server } from "../support/film.ts";
import { newPhone } from "../support/phone.ts";

const NOW = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const SIZE = 4_000;
let caches: MemoryCaches;
let server: Server;

beforeEach(() => {
  caches = newPhone();
  server = new Server();
});

async function keep(seed: number): Promise<string> {
  const file = server.add(film(SIZE, seed));
  const ask = (sha256: string) => server.answer(`/media/${sha256}`, new Headers());
  await bringFile({ ...file, ask, signal: new AbortController().signal, onBytes: () => undefined });
  return file.sha256;
}

const wish = (userId: string, files: readonly string[], more: Partial<Wish> = {}) =>
  keepWish({
    userId,
    courseId: `course-${files[0]}`,
    quality: "normal",
    wifiOnly: false,
    isPaused: false,
    files,
    usedAt: NOW,
    ...more,
  });

test("least missed goes first, and what somebody waits for stays whatever happens", async () => {
  const [nobodys, paused, old, recent, mine, shared] = await Promise.all([1, 2, 3, 4, 5, 6].map(keep));
  await wish("me", [mine as string, shared as string], { usedAt: NOW - 90 * DAY_MS });
  await wish("me", [paused as string, shared as string], { isPaused: true });
  await wish("other", [old as string], { usedAt: NOW - 40 * DAY_MS });
  await wish("third", [recent as string], { usedAt: NOW - 5 * DAY_MS });

  const left = async () => (await holding()).whole;
  for (const gone of [nobodys, paused, old]) {
    expect(await left()).toContain(gone);
    expect(await makeRoom(1, "me", NOW)).toBe(SIZE);
    expect(await left()).not.toContain(gone);
  }
  expect(await makeRoom(1_000_000, "me", NOW)).toBe(0);
  expect(await left()).toEqual(new Set([recent, mine, shared]));
});

test("nothing but media is touched: not the app, not rows, not unsent work", async () => {
  await keep(1);
  const app = await caches.open("spark-app-1");
  await app.put("/", new Response("shell"));
  const databases = async () => (await indexedDB.databases()).map(({ name }) => name);
  const opening = indexedDB.open("spark-outbox-me", 1);
  await new Promise((resolve) => {
    opening.onsuccess = resolve;
  });
  await makeRoom(1_000_000, "me", NOW);
  expect((await holding()).whole.size).toBe(0);
  expect(app.kept.size).toBe(1);
  expect(await databases()).toContain("spark-outbox-me");
});
