/** Base files: a shared set comes as files that a whole class fetches by the same names, and what changed since as lines. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { rowsName } from "../../src/sync/names.js";
import type { Engine } from "../../src/sync/types.js";
import { RowStore } from "../../src/sync/worker/rows.js";
import { randomFrom } from "./support/bare.js";
import { quota } from "./support/disk.js";
import { AMINA, Phone, until } from "./support/phone.js";
import { FakeServer } from "./support/server.js";

const LESSONS = "catalog.lessons";
const ROWS = 60;
const A_FILE = 10;
const random = randomFrom(11);
const IDS = Array.from({ length: ROWS }, uuid);

let server: FakeServer;
let phone: Phone;
let undo: () => void = () => undefined;

beforeEach(async () => {
  server = new FakeServer();
  server.grants.add("course:1");
  for (const [i, id] of IDS.entries()) server.put("course:1", 2, LESSONS, id, { title: `Lesson ${i}` });
  server.put("public", 1, "catalog.courses", uuid(), { title: "Motion" });
  await server.cutBase("course:1", 2, A_FILE);
  phone = await Phone.make();
});

afterEach(async () => {
  undo();
  undo = () => undefined;
  await phone.closeAll();
});

function uuid(): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

const tierOf = (engine: Engine) =>
  engine.buckets.value.find(({ bucket }) => bucket === "course:1")?.tiers.find(({ tier }) => tier === 2);

const isFull = (engine: Engine) => () => tierOf(engine)?.state === "full";

const titlesOf = (engine: Engine) =>
  engine
    .rows(LESSONS, { bucket: "course:1" })
    .value.value.map(({ id, title }) => `${id} ${title}`)
    .sort();

const truth = () =>
  server
    .live("course:1 2")
    .map(({ line }) => (JSON.parse(line) as [number, { id: string; title: string }])[1])
    .map(({ id, title }) => `${id} ${title}`)
    .sort();

const isMended = (engine: Engine) => () => isFull(engine)() && titlesOf(engine).join() === truth().join();

async function wanting(): Promise<Engine> {
  const engine = await phone.open(server.fetch);
  engine.rows(LESSONS, { bucket: "course:1" });
  await engine.want("course:1");
  return engine;
}

const names = () => server.fetched.map(({ name }) => name);
const rowsSent = { count: 0 };

function countRows(): void {
  rowsSent.count = 0;
  server.network = (bytes) => {
    rowsSent.count += new TextDecoder().decode(bytes).match(/"title":"Lesson/g)?.length ?? 0;
    return bytes;
  };
}

describe("a set that comes as files", () => {
  test("H5: its rows come by the files alone, each fetched once, and the digest has the last word", async () => {
    countRows();
    const engine = await wanting();

    await until(isMended(engine), "the course");

    expect(rowsSent.count).toBe(0);
    expect(new Set(names()).size).toBe(ROWS / A_FILE);
    expect(names()).toHaveLength(ROWS / A_FILE);
    expect(server.requests.some(({ check }) => JSON.stringify(check) === '[["course:1",2]]')).toBe(true);
    expect(server.comparisons).toEqual([]);
  });

  test("H6: what was changed, removed and born since is not overwritten by a file that comes later", async () => {
    const [changed = "", gone = "", late = "", lateGone = ""] = IDS;
    server.put("course:1", 2, LESSONS, changed, { title: "Changed before" });
    server.put("course:1", 2, LESSONS, gone, null);
    server.put("course:1", 2, LESSONS, uuid(), { title: "Born" });
    let isHeld = true;
    server.fileNetwork = () => (isHeld ? new Response("", { status: 503 }) : null);
    const engine = await wanting();
    await until(() => server.fetched.length > 0, "asked for files");
    server.put("course:1", 2, LESSONS, late, { title: "Changed meanwhile" });
    server.put("course:1", 2, LESSONS, lateGone, null);
    engine.sync();
    await until(() => tierOf(engine)?.rowsHeld === 3, "the tail");
    isHeld = false;

    const nudge = setInterval(() => engine.sync(), 30);
    await until(isMended(engine), "the course").finally(() => clearInterval(nudge));

    expect(titlesOf(engine)).toHaveLength(ROWS - 1);
    expect(server.comparisons).toEqual([]);
  });

  test("H7: it is hidden until it is whole, while cuts go on for the rest; it goes on after a kill", async () => {
    let served = 0;
    server.fileNetwork = () => (served++ >= 2 ? new Response("", { status: 503 }) : null);
    const engine = await wanting();
    await until(() => (tierOf(engine)?.rowsHeld ?? 0) >= A_FILE, "some of it");
    server.put("public", 1, "catalog.courses", uuid(), { title: "Other news" });
    const courses = engine.rows("catalog.courses");
    engine.sync();
    await until(() => courses.value.value.length === 2, "the other set's cut");

    expect(titlesOf(engine)).toEqual([]);
    expect(tierOf(engine)).toMatchObject({ state: "filling", rows: ROWS });
    const before = tierOf(engine)?.rowsHeld ?? 0;
    await engine.close();
    server.fileNetwork = () => null;
    const stored = names().slice(0, before / A_FILE);
    server.fetched = [];

    const again = await phone.open(server.fetch);
    again.rows(LESSONS, { bucket: "course:1" });
    await until(isMended(again), "the rest");
    expect(names()).toHaveLength((ROWS - before) / A_FILE);
    expect(names().some((name) => stored.includes(name))).toBe(false);
  });

  test("H7: a pause holds the files back too", async () => {
    const engine = await phone.open(server.fetch);
    await until(() => engine.status.value.lastCutAt !== null, "reached");
    engine.pause(true);
    await engine.want("course:1");
    await until(() => server.requests.some(({ want }) => JSON.stringify(want).includes("course:1")), "asked");
    await until(() => engine.status.value.phase === "idle", "idle");
    expect(server.fetched).toEqual([]);

    engine.pause(false);
    engine.rows(LESSONS, { bucket: "course:1" });
    await until(isMended(engine), "the course");
  });
});

describe("files that are not what they should be", () => {
  test("H5: wrong bytes are thrown away and fetched once more past the caches", async () => {
    const first = [...(server.bases.get("course:1 2")?.files.keys() ?? [])][0] ?? "";
    server.fileNetwork = (name, cache) =>
      name === first && cache !== "reload" ? new Response("<html>Please log in</html>") : null;
    const engine = await wanting();

    await until(isMended(engine), "the course");

    const again = server.fetched.filter(({ name }) => name === first).map(({ cache }) => cache);
    expect(again).toEqual(["default", "reload"]);
    expect(server.comparisons).toEqual([]);
  });

  test("H5: a path that has expired: the list is asked for again, and only what is missing is fetched", async () => {
    const base = server.bases.get("course:1 2");
    server.fileNetwork = () => {
      if (base && server.fetched.length === 2) server.bases.set("course:1 2", { ...base, path: "/files/tomorrow/" });
      return null;
    };
    const engine = await wanting();

    await until(isMended(engine), "the course");

    expect(server.requests.some(({ want }) => JSON.stringify(want).includes('"files":[["course:1",2]]'))).toBe(true);
    expect(server.comparisons).toEqual([]);
  });

  test("H5: a list that was cut is asked for from where it ended", async () => {
    let isCut = false;
    server.network = (bytes) => {
      const text = new TextDecoder().decode(bytes);
      const second = text.indexOf('"first":2');
      if (isCut || second < 0) return bytes;
      isCut = true;
      return bytes.slice(0, second);
    };
    const engine = await wanting();

    await until(isMended(engine), "the course");

    const asked = server.requests.flatMap(({ want }) => (want as { files: unknown[][] }).files);
    expect(asked).toEqual([["course:1", 2, ROWS + 1, 2]]);
    expect(names()).toHaveLength(ROWS / A_FILE);
    expect(server.comparisons).toEqual([]);
  });

  test("H5: no list in the answer: there is no base any more, and the set is compared", async () => {
    server.fileNetwork = () => {
      server.bases.clear();
      return null;
    };
    const engine = await wanting();

    await until(isMended(engine), "the course");

    expect(server.comparisons.length).toBeGreaterThan(0);
  });

  test("H5: a base replaced in the middle: the new list counts, and what it shares with the old one is not fetched again", async () => {
    let isHeld = false;
    server.fileNetwork = () => {
      const isStopped = isHeld;
      isHeld = true;
      return isStopped ? new Response("", { status: 503 }) : null;
    };
    const engine = await wanting();
    await until(() => (tierOf(engine)?.rowsHeld ?? 0) > 0, "some of it");
    server.put("course:1", 2, LESSONS, IDS[ROWS - 1] ?? "", { title: "Changed, then cut anew" });
    await server.cutBase("course:1", 2, A_FILE);
    const had = names()[0];
    server.fileNetwork = () => null;
    server.fetched = [];

    const nudge = setInterval(() => engine.sync(), 30);
    await until(isMended(engine), "the course").finally(() => clearInterval(nudge));

    expect(names()).not.toContain(had);
    expect(server.comparisons).toEqual([]);
  });

  test("H5: a file that is not to be had twice costs its rows a comparison", async () => {
    const lost = [...(server.bases.get("course:1 2")?.files.keys() ?? [])][2] ?? "";
    server.fileNetwork = (name) => (name === lost ? new Response("", { status: 404 }) : null);
    countRows();
    const engine = await wanting();

    await until(isMended(engine), "the course");

    expect(server.comparisons.length).toBeGreaterThan(0);
    expect(rowsSent.count).toBeGreaterThanOrEqual(A_FILE);
  });

  test("H5: on a link that lets no whole file through its rows come by comparison, leaf by leaf", async () => {
    server.fileNetwork = () => {
      const torn = new ReadableStream<Uint8Array>({
        start: (out) => out.enqueue(new Uint8Array(5)),
        pull: (out) => out.error(new TypeError("network error")),
      });
      return new Response(torn, { status: 200 });
    };
    countRows();
    const engine = await wanting();

    await until(isMended(engine), "the course");

    expect(server.comparisons.length).toBeGreaterThan(0);
    expect(rowsSent.count).toBeGreaterThanOrEqual(A_FILE);
  });

  test("H8: a disk that is full in the middle of a file loses nothing, and goes on when there is room", async () => {
    let isTight = false;
    server.fileNetwork = () => {
      isTight ||= server.fetched.length === 2;
      return null;
    };
    undo = quota((name) => isTight && name.includes("rows"));
    const engine = await wanting();
    await until(() => engine.status.value.problem === "quota", "told");
    const held = tierOf(engine)?.rowsHeld ?? 0;
    server.fileNetwork = () => null;
    undo();

    engine.sync();
    await until(isMended(engine), "the course");

    expect(held).toBe(A_FILE);
    expect(engine.status.value.problem).toBeNull();
    const store = await RowStore.open(phone.disk, rowsName(AMINA), phone.key);
    const { files, meta } = await store.state();
    store.close();
    expect([files.size, meta.check]).toEqual([0, []]);
  });
});

test("H5: small tiers come first", async () => {
  for (const id of IDS) server.put("course:1", 1, "catalog.sections", id, { title: "Long ".repeat(40) });
  await server.cutBase("course:1", 1, A_FILE);
  const structure = new Set(server.bases.get("course:1 1")?.files.keys());
  const engine = await wanting();

  await until(isMended(engine), "the course");

  const tiers = names().map((name) => (structure.has(name) ? 1 : 2));
  expect(tiers).toEqual([...tiers].sort());
});
