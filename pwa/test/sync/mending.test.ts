/** Sets that do not agree with the server: found, mended in bytes proportional to the difference, and never emptied for it. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { rowsName } from "../../src/sync/names.js";
import type { Engine } from "../../src/sync/types.js";
import { tailOf } from "../../src/sync/worker/compare.js";
import { answerOf, committed } from "../../src/sync/worker/db.js";
import { digestText } from "../../src/sync/worker/digest.js";
import { LineIndexes } from "../../src/sync/worker/indexes.js";
import { Page } from "../../src/sync/worker/page.js";
import { EMPTY_META, type Pair, pairKey, RowStore } from "../../src/sync/worker/rows.js";
import { randomFrom } from "./support/bare.js";
import { AMINA, Phone, until } from "./support/phone.js";
import { FakeServer } from "./support/server.js";

const LESSONS = "catalog.lessons";
const ROWS = 600;
const random = randomFrom(7);
const IDS = Array.from({ length: ROWS }, () => uuid());

let server: FakeServer;
let phone: Phone;

beforeEach(async () => {
  server = new FakeServer();
  server.grants.add("course:1");
  for (const [i, id] of IDS.entries()) server.put("course:1", 1, LESSONS, id, { title: `Lesson ${i}` });
  server.put("public", 1, "catalog.courses", uuid(), { title: "Motion" });
  phone = await Phone.make();
});

afterEach(() => phone.closeAll());

function uuid(): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

const isFull = (engine: Engine, bucket: string) => () =>
  engine.buckets.value.some(
    (one) => one.bucket === bucket && one.tiers.length > 0 && one.tiers.every(({ state }) => state === "full"),
  );

const titlesOf = (engine: Engine) =>
  engine
    .rows(LESSONS, { bucket: "course:1" })
    .value.value.map(({ id, title }) => `${id} ${title}`)
    .sort();

const truth = () =>
  server
    .live("course:1 1")
    .map(({ line }) => (JSON.parse(line) as [number, { id: string; title: string }])[1])
    .map(({ id, title }) => `${id} ${title}`)
    .sort();

async function withTheCourse(): Promise<Engine> {
  const engine = await phone.open(server.fetch);
  await engine.want("course:1");
  engine.rows(LESSONS, { bucket: "course:1" });
  await until(isFull(engine, "course:1"), "the course");
  await until(() => titlesOf(engine).length === ROWS, "its lessons");
  await until(() => engine.status.value.phase === "idle", "idle");
  return engine;
}

/** Change, take away or add a line of which the log says nothing: the phone's copy is older than it thinks. */
function silently(id: string, title: string | null): void {
  const key = `course:1\n${LESSONS}\n${id}`;
  const item = server.items.get(key);
  if (title === null) server.items.delete(key);
  else if (item) item.line = JSON.stringify([9, { id, title }]);
  else
    server.items.set(key, {
      ...{ bucket: "course:1", tier: 1, collection: LESSONS, id, version: 1, gone: false, position: 1 },
      line: JSON.stringify([1, { id, title }]),
    });
}

function nudge(engine: Engine): void {
  server.put("course:1", 1, LESSONS, IDS[0] ?? "", { title: `Told ${server.position}` });
  engine.sync();
}

async function storedCheck(): Promise<readonly (readonly [string, number])[]> {
  const store = await RowStore.open(phone.disk, rowsName(AMINA), phone.key);
  const { meta } = await store.state();
  store.close();
  return meta.check;
}

const bytesOf = (requests: readonly unknown[]) => JSON.stringify(requests).length;

describe("a copy that does not agree", () => {
  test("H1 H2: what differs is named by a comparison, fetched alone, and shown at the next cut that agrees", async () => {
    const engine = await withTheCourse();
    const before = titlesOf(engine);
    let answers = 0;
    server.network = (bytes, request) => {
      if ("ask" in request) answers += bytes.length;
      return bytes;
    };
    silently(IDS[5] ?? "", "Changed");
    silently(IDS[6] ?? "", null);
    silently(uuid(), "Born");
    const seen = new Set<number>();
    const stop = engine.rows(LESSONS, { bucket: "course:1" }).subscribe(({ value }) => seen.add(value.length));

    nudge(engine);
    await until(() => server.comparisons.length > 0 && titlesOf(engine).join() === truth().join(), "mended");
    stop();

    expect(titlesOf(engine)).not.toEqual(before);
    expect([...seen]).toEqual([ROWS]); // One row went and one came: never fewer, never none.
    expect(answers).toBeLessThan(4000); // Of 40,000.
    expect(bytesOf(server.comparisons)).toBeLessThan(20_000);
    expect(await storedCheck()).toEqual([]);
    expect(engine.status.value.problem).toBeNull();
  });

  test("H2: a comparison cut in the middle keeps the leaves that had ended, and goes on", async () => {
    const engine = await withTheCourse();
    for (const id of IDS.slice(20, 120)) silently(id, `Changed ${id}`);
    let [asked, answered] = [0, 0];
    server.network = (bytes, request) => {
      if (!("ask" in request)) return bytes;
      asked += 1;
      const cut = asked <= 5 ? bytes.slice(0, 1500) : bytes;
      answered += cut.length;
      return cut;
    };

    nudge(engine);
    const calm = setInterval(() => engine.sync(), 20);
    await until(() => titlesOf(engine).join() === truth().join(), "mended").finally(() => clearInterval(calm));

    expect(asked).toBeGreaterThan(5);
    expect(answered).toBeLessThan(30_000); // What ended is not sent again.
  });

  test("H2: half a set that is missing comes page by page, and wishes are sent between the pages", async () => {
    const engine = await withTheCourse();
    await engine.close();
    const store = await RowStore.open(phone.disk, rowsName(AMINA), phone.key);
    const { meta, parts } = await store.state();
    store.close();
    const db = await answerOf(phone.disk.open(rowsName(AMINA), 1));
    const tx = db.transaction("chunks", "readwrite");
    for (const part of parts.filter(({ collection }) => collection === LESSONS))
      tx.objectStore("chunks").delete(
        IDBKeyRange.bound(["course:1", 1, LESSONS, 0], ["course:1", 1, LESSONS, Math.ceil(part.last / 2)]),
      );
    await committed(tx);
    db.close();
    expect(meta.check).toEqual([]);

    const again = await phone.open(server.fetch);
    again.rows(LESSONS, { bucket: "course:1" });
    await until(() => titlesOf(again).join() === truth().join(), "mended");

    expect(server.comparisons.length).toBeGreaterThan(0);
    expect(await storedCheck()).toEqual([]);
  });

  test("H1: the check list outlives the app", async () => {
    const engine = await withTheCourse();
    silently(IDS[5] ?? "", "Changed");
    server.intercept = (request) => (request.ask ? new Response("no", { status: 500 }) : null);
    nudge(engine);
    await until(() => server.comparisons.length > 0, "a comparison that came to nothing");
    await engine.close();
    expect(await storedCheck()).toEqual([["course:1", 1]]);
    server.intercept = () => null;

    const again = await phone.open(server.fetch);
    again.rows(LESSONS, { bucket: "course:1" });
    await until(() => titlesOf(again).join() === truth().join(), "mended");
    expect(server.requests.some(({ check }) => JSON.stringify(check) === '[["course:1",1]]')).toBe(true);
  });

  test("H3: a set that disagrees after two comparisons is said by its code, and the old cut stays", async () => {
    const engine = await withTheCourse();
    const before = titlesOf(engine);
    server.digestOf = () => "1:0000000000000bad";

    nudge(engine);
    await until(() => engine.status.value.code === "copy.disagrees", "told");

    expect(engine.status.value.problem).toBe("server");
    expect(titlesOf(engine)).toEqual(before);
    const asked = server.comparisons.length;
    engine.sync();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(server.comparisons.length).toBe(asked); // Not again before an hour has passed.
  });
});

describe("a copy that cannot be read", () => {
  test.each([
    ["does not open", (chunks: IDBObjectStore, key: IDBValidKey) => chunks.put(new Uint8Array(99), key)],
    ["is missing", (chunks: IDBObjectStore, key: IDBValidKey) => chunks.delete(key)],
  ])("H1: a chunk that %s costs its rows a comparison, nothing else", async (_, spoil) => {
    const engine = await withTheCourse();
    await engine.close();
    const db = await answerOf(phone.disk.open(rowsName(AMINA), 1));
    const tx = db.transaction("chunks", "readwrite");
    const chunks = tx.objectStore("chunks");
    const keys = (await answerOf(chunks.getAllKeys())).filter((key) => (key as string[])[0] === "course:1");
    spoil(chunks, keys[1] ?? []);
    await committed(tx);
    db.close();
    let bytes = 0;
    server.network = (answer) => {
      bytes += answer.length;
      return answer;
    };

    const again = await phone.open(server.fetch);
    again.rows(LESSONS, { bucket: "course:1" });
    await until(() => titlesOf(again).join() === truth().join(), "mended");

    expect(bytes).toBeLessThan(30_000); // 64 rows of 600, and their neighbours.
    const courses = again.rows("catalog.courses");
    await until(() => courses.value.value.length === 1, "the rest");
    await again.close();
    const calm = await phone.open(server.fetch);
    calm.rows(LESSONS, { bucket: "course:1" });
    const asked = server.comparisons.length;
    await until(() => titlesOf(calm).length === ROWS && calm.status.value.phase === "idle", "read again");
    expect(server.comparisons.length).toBe(asked); // What did not open is out of the way.
  });
});

test("H1: a set that cannot be read agrees with nothing, whatever was counted of it before", async () => {
  const pair: Pair = ["course:1", 1];
  const whole = { bucket: "course:1", tier: 1, state: "full" as const, count: 1, hi: 7, lo: 9, rows: 1, bytes: 9 };
  const digest = digestText(whole);
  for (const [broken, check] of [
    [true, [pair]],
    [false, []],
  ] as const) {
    const base = {
      meta: { ...EMPTY_META, cursor: "before", final: true, check: [pair] },
      covers: new Map([[pairKey(pair), { ...whole, broken }]]),
      parts: new Map(),
      files: new Map(),
    };
    const page = new Page(base, new LineIndexes({} as RowStore), []);
    await page.mark("after", { settled: 0, digests: { "course:1": { "1": digest } }, isWhole: true }, true, 1);
    expect(page.change()?.after.check).toEqual(check);
  }
});

test("H1: damage that is seen before this tab leads is mended once it does", async () => {
  const engine = await withTheCourse();
  await engine.close();
  const db = await answerOf(phone.disk.open(rowsName(AMINA), 1));
  const tx = db.transaction("chunks", "readwrite");
  const chunks = tx.objectStore("chunks");
  const keys = (await answerOf(chunks.getAllKeys())).filter((key) => (key as string[])[0] === "course:1");
  chunks.put(new Uint8Array(99), keys[0]);
  await committed(tx);
  db.close();
  let lead: () => void = () => undefined;
  const turn = new Promise<void>((resolve) => {
    lead = resolve;
  });
  const locks = { request: (_: string, __: object, run: () => Promise<void>) => turn.then(run) };

  const again = await phone.open(server.fetch, { env: { locks } });
  again.rows(LESSONS, { bucket: "course:1" });
  await until(() => titlesOf(again).length > 0, "what can be read");
  expect(titlesOf(again).length).toBeLessThan(ROWS);
  lead();

  await until(() => titlesOf(again).join() === truth().join(), "mended");
});

describe("off the chain", () => {
  test("H4: a server put back: what differs is compared, the old cut stays until all agrees, nothing is dropped", async () => {
    const engine = await withTheCourse();
    const restore = server.backup();
    for (const id of IDS.slice(0, 10)) server.put("course:1", 1, LESSONS, id, { title: `After ${id}` });
    server.put("course:1", 1, LESSONS, IDS[11] ?? "", null);
    server.put("course:1", 1, LESSONS, uuid(), { title: "Lost" });
    engine.sync();
    await until(() => titlesOf(engine).join() === truth().join(), "the newer state");
    const seen: number[] = [];
    const stop = engine.rows(LESSONS, { bucket: "course:1" }).subscribe(({ value }) => seen.push(value.length));
    let bytes = 0;
    server.network = (answer) => {
      bytes += answer.length;
      return answer;
    };

    restore();
    engine.sync();
    await until(() => titlesOf(engine).join() === truth().join(), "the older state");
    stop();

    expect(seen).toEqual([ROWS, ROWS]); // One was born and one was gone; nothing in between was shown.
    expect(bytes).toBeLessThan(8000);
    expect(await storedCheck()).toEqual([]);
  });

  test("H4: what is not listed leaves with that answer; what is new comes by comparison with nothing", async () => {
    const engine = await withTheCourse();
    server.grants.delete("course:1");
    server.grants.add("course:2");
    server.automatic.add("course:2");
    for (const id of IDS.slice(0, 40)) server.put("course:2", 1, LESSONS, id, { title: "Elsewhere" });
    server.epoch += 1;

    engine.sync();
    await until(isFull(engine, "course:2"), "the new one");
    const there = engine.rows(LESSONS, { bucket: "course:2" });
    await until(() => there.value.value.length === 40, "its rows");

    expect(titlesOf(engine)).toEqual([]);
    expect(engine.buckets.value.some(({ bucket, tiers }) => bucket === "course:1" && tiers.length > 0)).toBe(false);
  });
});

test("H2: a prefix names bytes from the end of the id", () => {
  expect(tailOf("01980000-0000-7000-8000-000000003f0a")).toBe("0a3f0000000000800070000000009801");
});
