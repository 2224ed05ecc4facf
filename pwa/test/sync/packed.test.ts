/** Rows that came on a card: read with no network, beneath whatever the server says, and not fetched again. */

import { afterEach, beforeEach, expect, test } from "vitest";
import type { Engine, PackedRows } from "../../src/sync/types.js";
import { randomFrom } from "./support/bare.js";
import type { Base } from "./support/basing.js";
import { Phone, until } from "./support/phone.js";
import { FakeServer } from "./support/server.js";

const LESSONS = "catalog.lessons";
const BUCKET = "course:1";
const ROWS = 60;
const A_FILE = 10;
const FOR_EVER = Number.MAX_SAFE_INTEGER;

let random = randomFrom(23);
let server: FakeServer;
let phone: Phone;
let base: Base;
let ids: string[];
let isOnline: boolean;

beforeEach(async () => {
  random = randomFrom(23);
  ids = Array.from({ length: ROWS }, uuid);
  server = new FakeServer();
  server.grants.add(BUCKET);
  for (const [i, id] of ids.entries()) server.put(BUCKET, 2, LESSONS, id, { title: `Lesson ${i}` });
  server.put("public", 1, "catalog.courses", uuid(), { title: "Motion" });
  base = await server.cutBase(BUCKET, 2, A_FILE);
  phone = await Phone.make();
  isOnline = false;
});

afterEach(() => phone.closeAll());

function uuid(): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

const link: typeof fetch = async (input, init) => {
  if (!isOnline) throw new TypeError("no network");
  return await server.fetch(input, init);
};

function packOf(cut: Base, change: Partial<PackedRows> = {}): PackedRows {
  const files = [...cut.files];
  return {
    bucket: BUCKET,
    madeAt: cut.position,
    shownUntil: FOR_EVER,
    sets: [{ tier: 2, chunks: files.map(([sha256, { bytes, rows }]) => [sha256, bytes.length, rows] as const) }],
    chunks: new Map(files.map(([sha256, { bytes }]) => [sha256, new Blob([bytes])])),
    ...change,
  };
}

async function open(): Promise<Engine> {
  const engine = await phone.open(link);
  engine.rows(LESSONS, { bucket: BUCKET });
  return engine;
}

const titles = (engine: Engine) =>
  engine
    .rows(LESSONS, { bucket: BUCKET })
    .value.value.map(({ title }) => String(title))
    .sort();

const truth = () =>
  server
    .live(`${BUCKET} 2`)
    .map(({ line }) => (JSON.parse(line) as [number, { title: string }])[1].title)
    .sort();

const stateOf = (engine: Engine) =>
  engine.buckets.value.find(({ bucket }) => bucket === BUCKET)?.tiers.find(({ tier }) => tier === 2)?.state;

const isSettled = (engine: Engine) => () =>
  stateOf(engine) === "full" && server.requests.length > 0 && titles(engine).join() === truth().join();

/** Beside its own: whether the server gave the set, for the phone's own word is the same before. */
const wasGiven = () => server.requests.some(({ check }) => JSON.stringify(check)?.includes(BUCKET));

async function goOnline(engine: Engine): Promise<void> {
  isOnline = true;
  engine.sync();
  await until(() => wasGiven() && isSettled(engine)(), "the server's own rows");
}

test("H22: a course is read from a card with no network, and after the next exchange nothing of it is fetched", async () => {
  const engine = await open();
  await engine.lay(packOf(base));
  await engine.want(BUCKET);
  await until(() => titles(engine).length === ROWS, "the card's rows");
  expect(stateOf(engine)).toBe("full");
  expect(server.requests).toEqual([]);

  await engine.close();
  const again = await open(); // A killed browser reads on.
  await until(() => titles(again).length === ROWS, "the card's rows again");

  await goOnline(again);
  expect(server.fetched).toEqual([]);
  expect(server.comparisons).toEqual([]);
});

test("H22: what changed since is the server's, and of its files only the changed one is fetched", async () => {
  const engine = await open();
  await engine.lay(packOf(base));
  await engine.want(BUCKET);
  const [changed = "", gone = "", late = ""] = ids;
  server.put(BUCKET, 2, LESSONS, changed, { title: "Changed before the next base" });
  server.put(BUCKET, 2, LESSONS, gone, null);
  const next = await server.cutBase(BUCKET, 2, A_FILE);
  server.put(BUCKET, 2, LESSONS, late, { title: "Changed after it" });

  await goOnline(engine);

  const fresh = [...next.files.keys()].filter((name) => !base.files.has(name));
  expect(fresh.length).toBeLessThan(next.files.size + 1);
  expect(new Set(server.fetched.map(({ name }) => name))).toEqual(new Set(fresh));
  expect(titles(engine)).toContain("Changed after it");
});

test("H22: a person whose right is not known yet sees nothing of it before the server has said so", async () => {
  const engine = await open();
  await engine.lay(packOf(base, { shownUntil: 0 }));
  await engine.want(BUCKET);
  await until(() => engine.status.value.link === "offline", "tried");
  expect(titles(engine)).toEqual([]);

  await goOnline(engine);
  expect(server.fetched).toEqual([]);
});

test("H22: what the server does not give is not shown any more", async () => {
  server.grants.delete(BUCKET);
  const engine = await open();
  await engine.lay(packOf(base));
  await engine.want(BUCKET);
  await until(() => titles(engine).length === ROWS, "the card's rows");

  isOnline = true;
  engine.sync();
  await until(() => titles(engine).length === 0, "taken back");
});

test("H22: while the server's rows are still on their way the card's stay on screen, and the server's win", async () => {
  const engine = await open();
  await engine.lay(packOf(base));
  await engine.want(BUCKET);
  await until(() => titles(engine).length === ROWS, "the card's rows");
  server.put(BUCKET, 2, LESSONS, uuid(), { title: "Born since" });
  await server.cutBase(BUCKET, 2, ROWS * 2); // Cut otherwise: no file of the card is in it.
  server.fileNetwork = () => new Response("", { status: 503 });
  isOnline = true;
  engine.sync();
  await until(() => server.fetched.length > 0, "asked for files");
  expect(titles(engine)).toHaveLength(ROWS);

  server.fileNetwork = () => null;
  await goOnline(engine);
  expect(titles(engine)).toContain("Born since");
});

test("H22: a pack with one wrong byte, or without one of its files, is refused and nothing of it is kept", async () => {
  const engine = await open();
  const good = packOf(base);
  const [name = "", chunk = new Blob()] = [...good.chunks].at(-1) ?? [];
  const wrong = new Blob([chunk.slice(0, chunk.size - 2), "!\n"]);
  for (const chunks of [new Map(good.chunks).set(name, wrong), new Map([...good.chunks].slice(0, -1))])
    await expect(engine.lay({ ...good, chunks })).rejects.toMatchObject({ code: "pack.damaged" });
  await engine.want(BUCKET);
  expect(titles(engine)).toEqual([]);

  await goOnline(engine);
  expect(new Set(server.fetched.map(({ name: one }) => one))).toEqual(new Set(base.files.keys()));
});

test("H22: an older pack changes nothing, an expired one shows nothing, and a course that is let go takes it along", async () => {
  const engine = await open();
  server.put(BUCKET, 2, LESSONS, ids[0] ?? "", { title: "Newer" });
  await engine.lay(packOf(await server.cutBase(BUCKET, 2, A_FILE)));
  await engine.lay(packOf(base));
  await engine.want(BUCKET);
  await until(() => titles(engine).includes("Newer"), "the newer pack");

  const now = Date.now();
  phone.now = () => now + 1_000;
  await engine.lay(packOf(base, { madeAt: now, shownUntil: now }));
  await until(() => titles(engine).length === 0, "an expired pack");

  await engine.lay(packOf(base, { madeAt: now }));
  await until(() => titles(engine).length === ROWS, "a good one");
  await engine.unwant(BUCKET);
  await until(() => titles(engine).length === 0, "let go");
});
