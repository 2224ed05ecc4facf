import { afterEach, beforeEach, expect, type MockInstance, test, vi } from "vitest";
import { Downloads, type Phase } from "../../src/media/downloads.ts";
import { holding } from "../../src/media/files.ts";
import { isOnWifi } from "../../src/media/link.ts";
import { allWishes } from "../../src/media/wishes.ts";
import type { MemoryCaches } from "../support/caches.ts";
import { film, Server } from "../support/film.ts";
import { newPhone, SmallEngine } from "../support/phone.ts";
import { eventually } from "../support/wait.ts";

const COURSE = "0190-course";
let caches: MemoryCaches;
let server: Server;
let open: Downloads[];

beforeEach(() => {
  caches = newPhone();
  server = new Server();
  open = [];
  isOnWifi.value = true;
});

afterEach(() => {
  for (const one of open) one.close();
});

function opened(engine: SmallEngine): Downloads {
  const made = new Downloads(engine.asEngine);
  open.push(made);
  return made;
}

/** A film row as the server makes it, its bytes on the server. */
function filmRow(id: string, seed: number) {
  const one = (name: string, mime: string, bytes: number, more: number) => ({
    name,
    mime,
    ...server.add(film(bytes, seed * 10 + more)),
  });
  return {
    id,
    kind: "video",
    variants: [],
    renditions: [
      one("v240", "video/mp4", 1_300_000, 1),
      one("v360", "video/mp4", 2_500_000, 2),
      one("opus", "audio/ogg", 40_000, 3),
      one("captions.uz", "text/vtt", 900, 4),
    ],
  };
}

type FilmRow = ReturnType<typeof filmRow>;
const hashOf = (row: FilmRow, name: string) => row.renditions.find((one) => one.name === name)?.sha256 ?? "";
const until = (downloads: Downloads, phase: Phase) =>
  eventually(() => expect(downloads.of(COURSE).peek()?.phase).toBe(phase));
const whole = async () => (await holding()).whole;

test("sound only brings the sound of a film and its captions, nothing else", async () => {
  const [engine, row] = [new SmallEngine("u1"), filmRow("f1", 1)];
  const downloads = opened(engine);
  engine.fill(COURSE, [row]);
  await downloads.start(COURSE, "audio");
  await until(downloads, "ready");
  expect(engine.wanted.peek()).toEqual([`course:${COURSE}`]);
  expect(await whole()).toEqual(new Set([hashOf(row, "opus"), hashOf(row, "captions.uz")]));
  expect(downloads.of(COURSE).peek()).toMatchObject({ bytes: 41_900, total: 41_900 });
});

test("ready means that all rows are here and every file is verified", async () => {
  const [engine, row] = [new SmallEngine("u1"), filmRow("f1", 2)];
  const downloads = opened(engine);
  engine.fill(COURSE, [row], "filling");
  await downloads.start(COURSE, "low");
  await eventually(async () => expect((await whole()).size).toBe(2));
  expect(downloads.of(COURSE).peek()?.phase).toBe("running");
  engine.fill(COURSE, [row]);
  await until(downloads, "ready");

  const second = filmRow("f2", 3);
  server.link.cutAfter = 1_000;
  engine.fill(COURSE, [row, second]);
  await until(downloads, "waiting");
  server.link.cutAfter = Number.POSITIVE_INFINITY;
  await downloads.resume(COURSE);
  await until(downloads, "ready");
});

test("paused in the middle, after a restart it goes on at the byte", async () => {
  const [engine, row] = [new SmallEngine("u1"), filmRow("f1", 4)];
  const downloads = opened(engine);
  engine.fill(COURSE, [row]);
  server.link.cutAfter = 1_200_000;
  await downloads.start(COURSE, "normal");
  await until(downloads, "waiting");
  await downloads.pause(COURSE);
  await until(downloads, "paused");
  expect(engine.held.at(-1)).toBe(true);
  downloads.close();

  server.link.cutAfter = Number.POSITIVE_INFINITY;
  const again = opened(engine);
  await until(again, "paused");
  expect(again.of(COURSE).peek()?.bytes).toBeGreaterThan(1_200_000); // What came is counted, too.
  await again.resume(COURSE);
  await until(again, "ready");
  expect(server.sent).toBe(2_500_000 + 900);
});

test("Wi-Fi only asks for nothing on a mobile network, and stops when the Wi-Fi ends", async () => {
  const [engine, row] = [new SmallEngine("u1"), filmRow("f1", 5)];
  const downloads = opened(engine);
  engine.fill(COURSE, [row]);
  isOnWifi.value = false;
  await downloads.start(COURSE, "low", true);
  await until(downloads, "wifi");
  expect(server.asked).toEqual([]);
  expect(engine.wanted.peek()).toEqual([]);

  isOnWifi.value = true;
  await until(downloads, "ready");
  const second = filmRow("f2", 6);
  isOnWifi.value = false;
  const before = server.asked.length;
  engine.fill(COURSE, [row, second]);
  await until(downloads, "wifi");
  expect(server.asked).toHaveLength(before);
});

test("another quality costs only what is not here, and the smaller film goes when the larger one came", async () => {
  const [engine, row] = [new SmallEngine("u1"), filmRow("f1", 7)];
  const downloads = opened(engine);
  engine.fill(COURSE, [row]);
  await downloads.start(COURSE, "low");
  await until(downloads, "ready");
  const before = server.sent;
  await downloads.start(COURSE, "normal");
  await until(downloads, "ready");
  expect(server.sent - before).toBe(2_500_000);
  await eventually(async () =>
    expect(await whole()).toEqual(new Set([hashOf(row, "v360"), hashOf(row, "captions.uz")])),
  );
});

test("an update brings the file that changed alone", async () => {
  const [engine, one, two] = [new SmallEngine("u1"), filmRow("f1", 8), filmRow("f2", 9)];
  const downloads = opened(engine);
  engine.fill(COURSE, [one, two]);
  await downloads.start(COURSE, "low");
  await until(downloads, "ready");
  const before = server.sent;
  const changed = filmRow("f2", 10);
  engine.fill(COURSE, [one, changed]);
  await eventually(async () => expect(await whole()).toContain(hashOf(changed, "v240")));
  await until(downloads, "ready");
  expect(server.sent - before).toBe(1_300_000 + 900);
  await eventually(async () => expect(await whole()).not.toContain(hashOf(two, "v240")));
});

test("rows that are still being read let nothing go", async () => {
  const [engine, row] = [new SmallEngine("u1"), filmRow("f1", 11)];
  const downloads = opened(engine);
  engine.fill(COURSE, [row]);
  await downloads.start(COURSE, "low");
  await until(downloads, "ready");
  await eventually(async () => expect((await allWishes())[0]?.files).toHaveLength(2));
  downloads.close();

  const later = new SmallEngine("u1");
  later.fill(COURSE, []);
  later.rows("media.files", { bucket: `course:${COURSE}` }).value = { state: "loading", value: [] };
  const again = opened(later);
  await until(again, "ready"); // By the names that were noted.
  later.fill(COURSE, [row]);
  await until(again, "ready");
  expect((await whole()).size).toBe(2);
});

test("what one person removes stays for the other who wants it", async () => {
  const [mine, theirs, row] = [new SmallEngine("u1"), new SmallEngine("u2"), filmRow("f1", 12)];
  mine.fill(COURSE, [row]);
  theirs.fill(COURSE, [row]);
  const first = opened(mine);
  await first.start(COURSE, "low");
  await until(first, "ready");
  const second = opened(theirs);
  await second.start(COURSE, "audio");
  await until(second, "ready");
  await eventually(async () => expect((await allWishes()).flatMap((wish) => wish.files)).toHaveLength(4));

  await first.remove(COURSE);
  expect(await whole()).toEqual(new Set([hashOf(row, "opus"), hashOf(row, "captions.uz")]));
  expect(first.of(COURSE).peek()).toBeNull();
  expect(second.of(COURSE).peek()?.phase).toBe("ready");
  expect(mine.wanted.peek()).toEqual([]);
});

test("a full phone first gives up what nobody here wants, then says that it is full", async () => {
  const [engine, row] = [new SmallEngine("u1"), filmRow("f1", 13)];
  const downloads = opened(engine);
  const once = server.add(film(3_000, 99));
  await downloads.fetchOne(COURSE, once);
  const cache = await caches.open("spark-media-1");
  cache.roomBytes = 20_000;
  engine.fill(COURSE, [row]);
  await downloads.start(COURSE, "audio");
  await until(downloads, "full");
  expect(await whole()).not.toContain(once.sha256);
  cache.roomBytes = Number.POSITIVE_INFINITY;
  await downloads.resume(COURSE);
  await until(downloads, "ready");
});

test("when the person's own work finds no place, media makes some and nothing more is fetched", async () => {
  const [engine, row] = [new SmallEngine("u1"), filmRow("f1", 14)];
  const downloads = opened(engine);
  await downloads.fetchOne(COURSE, server.add(film(3_000, 98)));
  engine.status.value = { link: "online", problem: "quota" };
  await eventually(async () => expect((await whole()).size).toBe(0));
  const before = server.asked.length;
  engine.fill(COURSE, [row]);
  await downloads.start(COURSE, "low");
  await until(downloads, "full");
  expect(server.asked).toHaveLength(before);
});

test("a file that the server does not have any more is named, and all others come", async () => {
  const [engine, one, two] = [new SmallEngine("u1"), filmRow("f1", 15), filmRow("f2", 16)];
  const downloads = opened(engine);
  server.files.delete(hashOf(one, "opus"));
  engine.fill(COURSE, [one, two]);
  await downloads.start(COURSE, "audio");
  await until(downloads, "gone");
  expect(await whole()).toContain(hashOf(two, "opus"));
  expect(downloads.of(COURSE).peek()?.missing).toBe(1);
});

test("a file that the server had lost comes by itself once it is back, and it is not ready before", async () => {
  const timers = vi.spyOn(globalThis, "setTimeout") as unknown as MockInstance<(run: () => void, ms?: number) => void>; // As it is called here.
  const [engine, row] = [new SmallEngine("u1"), filmRow("f1", 19)];
  const downloads = opened(engine);
  const body = server.files.get(hashOf(row, "opus"));
  server.files.delete(hashOf(row, "opus"));
  engine.fill(COURSE, [row]);
  await downloads.start(COURSE, "audio");
  await until(downloads, "gone");
  expect(engine.told).not.toContainEqual(expect.objectContaining({ files_ready: 2 }));

  const later = () => timers.mock.calls.filter(([, ms]) => Number(ms) >= 300_000);
  const pass = () => later().at(-1)?.[0]();
  await eventually(() => expect(later()).toHaveLength(1));
  pass();
  await eventually(() => expect(later().map(([, ms]) => ms)).toEqual([300_000, 600_000])); // Ever more seldom.
  if (body) server.files.set(hashOf(row, "opus"), body);
  pass();
  await until(downloads, "ready");
});

test("a course with a package is ready once what opens packages is here too", async () => {
  const [engine, row] = [new SmallEngine("u1"), filmRow("f1", 20)];
  const zip = { name: "package", mime: "application/zip", ...server.add(film(2_000, 201)) };
  const asked: MessagePort[] = [];
  const active = { postMessage: (_word: string, [port]: MessagePort[]) => port && asked.push(port) };
  vi.stubGlobal("navigator", { serviceWorker: { ready: Promise.resolve({ active }) } });
  const downloads = opened(engine);
  engine.fill(COURSE, [row, { id: "p1", kind: "package", variants: [], renditions: [zip] }]);
  await downloads.start(COURSE, "low");
  await eventually(() => expect(asked).toHaveLength(1));
  asked[0]?.postMessage(null); // It was cut off.
  await eventually(() => expect(asked).toHaveLength(2));
  await eventually(async () => expect(await whole()).toContain(zip.sha256));
  expect(downloads.of(COURSE).peek()).toMatchObject({ phase: "running", missing: 0, hasRows: true });

  await (await caches.open("spark-app-1")).put("/.kept/packages", new Response());
  asked[1]?.postMessage(null);
  await until(downloads, "ready");
  await eventually(() => expect(engine.told.at(-1)).toMatchObject({ files_ready: 4, files_wanted: 4 }));
  for (const port of asked) port.close();
});

test("wishes of a version that kept them in localStorage are taken over", async () => {
  const [engine, row] = [new SmallEngine("u1"), filmRow("f1", 17)];
  localStorage.setItem("spark-downloads-u1", JSON.stringify({ [COURSE]: { quality: "pictures", isPaused: false } }));
  engine.fill(COURSE, [row]);
  const downloads = opened(engine);
  await until(downloads, "ready");
  expect(downloads.of(COURSE).peek()?.quality).toBe("normal");
  expect(localStorage.getItem("spark-downloads-u1")).toBeNull();
});

test("teachers are told when a phone has the course, once, and when it has not any more", async () => {
  const [engine, row] = [new SmallEngine("u1"), filmRow("f1", 18)];
  const downloads = opened(engine);
  engine.fill(COURSE, [row]);
  await downloads.start(COURSE, "audio");
  await until(downloads, "ready");
  const whole = { quality: "audio", rows_ready: true, files_ready: 2, files_wanted: 2 };
  await eventually(() => expect(engine.told.at(-1)).toMatchObject(whole));
  const count = engine.told.length;
  downloads.close();

  const again = opened(engine);
  await until(again, "ready");
  await again.setWifiOnly(COURSE, true);
  expect(engine.told).toHaveLength(count);
  await again.start(COURSE, "low");
  await eventually(() => expect(engine.told.at(-1)).toMatchObject({ quality: "low", files_ready: 2, files_wanted: 2 }));
});
