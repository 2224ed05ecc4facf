/** What happens to phones: each scene names the rule that gets it through. */

import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newId } from "../../src/sync/ids.js";
import { mineName, rowsName } from "../../src/sync/names.js";
import type { Engine, Row } from "../../src/sync/types.js";
import { Mine } from "../../src/sync/worker/mine.js";
import { RowStore } from "../../src/sync/worker/rows.js";
import { wishOf } from "../../src/sync/worker/wish.js";
import { quota } from "./support/disk.js";
import { AMINA, Phone, until } from "./support/phone.js";
import { FakeServer } from "./support/server.js";

let server: FakeServer;
let phone: Phone;
let undo: () => void = () => undefined;

beforeEach(async () => {
  server = new FakeServer();
  server.grants.add("course:1").add(`user:${AMINA}`);
  server.automatic.add(`user:${AMINA}`);
  for (let i = 0; i < 40; i++) server.put("course:1", 1, "catalog.lessons", `l${i}`, { title: `Lesson ${i}` });
  server.put("public", 1, "catalog.courses", "c1", { title: "Motion" });
  server.handlers.set("notes.note.write", (op) => {
    const { id, text } = op.args as { id: string; text: string };
    server.put("public", 1, "notes.notes", id, { text });
    return null;
  });
  phone = await Phone.make();
});

afterEach(async () => {
  undo();
  undo = () => undefined;
  await phone.closeAll();
});

const offline: typeof fetch = async () => Promise.reject(new TypeError("offline"));
const write = (engine: Engine, text: string) => engine.command("notes.note.write", { id: newId(), text });
const textsOf = (ops: readonly Record<string, unknown>[]) => ops.map((op) => (op.args as { text: string }).text);
const isEmpty = (engine: Engine) => () => engine.outbox.value.length === 0 && engine.status.value.queued === 0;
const isFull = (engine: Engine, bucket: string) => () =>
  engine.buckets.value.some(
    (one) => one.bucket === bucket && one.tiers.length > 0 && one.tiers.every(({ state }) => state === "full"),
  );
const refusal = (status: number, code: string) =>
  Response.json({ success: false, error: { code, message: code, details: {} } }, { status });

test("H12: a tab killed between the receipts and the rows sends nothing twice and shows what was made all along", async () => {
  const engine = await phone.open(server.fetch);
  await until(isFull(engine, "public"), "public");
  const mine = await Mine.open(phone.disk, mineName(AMINA), phone.key, async () => false);
  const hasReceipt = async () => {
    await mine.reload();
    return mine.list("journal").length === 1;
  };
  undo = quota((name) => name.includes("rows")); // The receipts are stored, the page is not.
  await write(engine, "mine");
  while (!(await hasReceipt())) await new Promise((resolve) => setTimeout(resolve, 5));
  await until(() => engine.status.value.problem === "quota", "the page was refused");
  await engine.close();
  mine.close();
  undo();

  const again = await phone.open(server.fetch);
  const seen: number[] = [];
  const notes = again.rows("notes.notes");
  const stop = notes.subscribe(({ state, value }) => void (state === "ready" && seen.push(value.length)));
  await until(isEmpty(again), "settled");
  stop();

  expect(textsOf(server.applied)).toEqual(["mine"]);
  expect(new Set(seen)).toEqual(new Set([1]));
});

describe("H18: a browser that loses things", () => {
  test("H18: a lost connection to the database is opened again, and nobody notices", async () => {
    const opened: IDBDatabase[] = [];
    const disk = phone.disk;
    const open = disk.open.bind(disk);
    disk.open = (name, version) => {
      const request = open(name, version);
      request.addEventListener("success", () => opened.push(request.result));
      return request;
    };
    const engine = await phone.open(server.fetch);
    await until(isFull(engine, "public"), "public");
    for (const db of opened.splice(0)) db.close();

    await write(engine, "after it");
    server.put("public", 1, "catalog.courses", "c1", { title: "Renamed" });
    engine.sync();
    const courses = engine.rows("catalog.courses");
    await until(() => courses.value.value[0]?.title === "Renamed", "news");

    await until(() => textsOf(server.applied).join() === "after it", "sent");
    expect(engine.status.value.problem).toBeNull();
  });

  test("H18: everything evicted: a new device begins, and all that was ever sent comes back", async () => {
    const engine = await phone.open(server.fetch);
    await engine.want("course:1");
    await write(engine, "sent before");
    await until(isEmpty(engine), "sent");
    const before = engine.deviceId;
    await engine.close();
    phone.disk = new IDBFactory();

    const again = await phone.open(server.fetch);
    const notes = again.rows<Row & { text: string }>("notes.notes");
    await until(() => notes.value.value.map(({ text }) => text).join() === "sent before", "what was sent");
    await write(again, "and on");
    await until(isEmpty(again), "sent");

    expect(again.deviceId).not.toBe(before);
    expect(textsOf(server.applied)).toEqual(["sent before", "and on"]);
  });
});

describe("H14: a server that asks for a newer version", () => {
  const upgrade = (request: Record<string, unknown>) =>
    new Response(
      [
        {
          protocol: 1,
          schema: 9,
          now: new Date().toISOString(),
          watermark: [((request.ops as unknown[]) ?? []).length, "h"],
          upgrade: "required",
        },
        { receipts: ((request.ops ?? []) as { n: number }[]).map(({ n }) => ({ n, outcome: "applied" })) },
      ]
        .map((line) => `${JSON.stringify(line)}\n`)
        .join(""),
      { headers: { "Content-Type": "application/x-ndjson" } },
    );

  test("H14: takes the work all the same; the person is told, and keeps what is here", async () => {
    const engine = await phone.open(server.fetch);
    await until(isFull(engine, "public"), "public");
    const carried: unknown[] = [];
    server.intercept = (request) => {
      carried.push(...((request.ops as unknown[]) ?? []));
      const ops = (request.ops ?? []) as { n: number }[];
      const answer = upgrade(request);
      return ops.length > 0 || request.confirmed === undefined ? answer : null;
    };
    engine.sync();
    await until(() => engine.status.value.problem === "upgrade", "told");

    const courses = engine.rows("catalog.courses");
    await until(() => courses.value.value.length === 1, "still here");
    await write(engine, "made with the old one");
    await until(() => carried.length > 0, "taken");
  });
});

test("H15: rows of a tier and a collection that this version does not know are kept for the next one", async () => {
  server.put("public", 7, "holograms.beams", "b1", { colour: "red" });
  const engine = await phone.open(server.fetch);
  await until(isFull(engine, "public"), "public");
  server.put("public", 7, "holograms.beams", "b2", { colour: "blue" });
  engine.sync();
  await until(() => engine.buckets.value[0]?.tiers.find(({ tier }) => tier === 7)?.rowsHeld === 2, "both held");
  await engine.close();

  const next = await phone.open(offline);
  const beams = next.rows("holograms.beams");
  await until(() => beams.value.value.length === 2, "shown by the next version");
});

test("H13: a token that expires in the middle of a download: it goes on where it stood", async () => {
  let [answered, rows] = [0, 0];
  server.markEvery = 5;
  const engine = await phone.open(server.fetch);
  await until(isFull(engine, "public"), "public");
  server.network = (bytes) => {
    const cut = answered++ === 0 ? bytes.slice(0, 2500) : bytes;
    rows += new TextDecoder().decode(cut).match(/"title":"Lesson/g)?.length ?? 0;
    return cut;
  };
  server.intercept = () => (answered > 0 ? refusal(401, "auth.expired") : null);
  await engine.want("course:1");
  await until(() => engine.status.value.problem === "sign_in", "asked to sign in");
  expect(rows).toBeGreaterThan(0);
  server.intercept = () => null;

  engine.sync();
  await until(isFull(engine, "course:1"), "the course");

  expect(rows).toBeLessThanOrEqual(40 + 5); // None again but those above the last mark.
});

test("H13: enrolled while offline with work unsent: both the work and the new course are there", async () => {
  const engine = await phone.open(server.fetch);
  await until(isFull(engine, "public"), "public");
  await engine.close();
  const away = await phone.open(offline);
  await write(away, "made offline");
  await away.close();
  server.grants.add("class:9");
  server.automatic.add("class:9");
  server.put("class:9", 1, "classes.notices", "n1", { title: "Welcome" });

  const back = await phone.open(server.fetch);
  const notices = back.rows("classes.notices");
  await until(() => notices.value.value.length === 1, "the class");
  await until(isEmpty(back), "sent");
  expect(textsOf(server.applied)).toEqual(["made offline"]);
});

test("H13: removed while offline with unsent work: the rows go, the work stays with its reason and can be taken away as a file", async () => {
  server.automatic.add("course:1");
  const engine = await phone.open(server.fetch);
  await until(isFull(engine, "course:1"), "the course");
  await engine.close();
  const away = await phone.open(offline);
  await write(away, "my last words");
  await away.close();
  server.grants.delete("course:1");
  server.handlers.set("notes.note.write", () => ({
    outcome: "parked",
    code: "rights.lost",
    message: "You left this course.",
  }));

  const back = await phone.open(server.fetch);
  const lessons = back.rows("catalog.lessons");
  await until(() => back.outbox.value[0]?.state === "not_accepted", "refused");
  await until(() => lessons.value.state === "ready" && lessons.value.value.length === 0, "the rows are gone");

  expect(back.outbox.value[0]).toMatchObject({ code: "rights.lost", args: { text: "my last words" } });
  expect(await (await back.exportOutbox()).text()).toContain("my last words");
});

test("H13: a month of two thousand wishes leaves in order, in requests that the server takes, however often the link dies", async () => {
  const month = Date.now() - 30 * 24 * 3600 * 1000;
  const mine = await Mine.open(phone.disk, mineName(AMINA), phone.key, async () => false);
  const edits = Array.from({ length: 2000 }, (_, i) => {
    const id = newId();
    const args = { id, text: `Note ${i}` };
    const draft = { identity: id, kind: "command" as const, name: "notes.note.write", id: null, args };
    return { entry: null, shelf: "outbox" as const, wish: wishOf(draft, [month + i * 1000, 0]) };
  });
  await mine.save({ edits });
  mine.close();
  server.handlers.clear();
  const sizes: number[] = [];
  server.intercept = ({ ops }) => {
    if (ops) sizes.push((ops as unknown[]).length);
    return null;
  };
  let answers = 0;
  server.network = (bytes) => (answers++ % 3 === 1 ? null : bytes);

  const engine = await phone.open(server.fetch);
  const nudge = setInterval(() => engine.sync(), 20);
  await until(() => server.applied.length === 2000 && engine.status.value.queued === 0, "sent").finally(() =>
    clearInterval(nudge),
  );

  expect(textsOf(server.applied)).toEqual(edits.map(({ wish }) => wish.args.text));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(500);
});

test("H19: a phone whose clock says 2099 is put right, and its times never go back", async () => {
  const [ahead, real] = [Date.parse("2099-01-01T00:00:00Z"), Date.now()];
  phone.now = () => ahead + Date.now() - real;
  const away = await phone.open(offline);
  await write(away, "before it knew");
  await away.close();
  const engine = await phone.open(server.fetch);
  await until(isEmpty(engine), "sent");
  phone.now = () => Date.now(); // Somebody sets the clock.
  for (const text of ["after", "and after"]) await write(engine, text);
  await until(isEmpty(engine), "sent");

  const claims = server.applied.map(({ at }) => at as [number, number]);
  expect(new Set(claims.map(String)).size).toBe(3);
  const sorted = [...claims].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  expect(claims).toEqual(sorted);
  const mine = await Mine.open(phone.disk, mineName(AMINA), phone.key, async () => false);
  expect(Math.abs(mine.clock.offset)).toBeLessThan(60_000);
  mine.close();
});

test("H20: an account that was erased is said so once, by its own code", async () => {
  const engine = await phone.open(server.fetch);
  await until(isFull(engine, "public"), "public");
  server.intercept = () => refusal(401, "account.erased");
  engine.sync();
  await until(() => engine.status.value.problem === "erased", "told");
  expect(engine.status.value.code).toBe("account.erased");
});

test("H8: a page that does not fit is forgotten whole; its receipts and the cut on screen stay", async () => {
  const engine = await phone.open(server.fetch);
  await until(isFull(engine, "public"), "public");
  const courses = engine.rows("catalog.courses");
  await until(() => courses.value.value.length === 1, "shown");
  undo = quota((name) => name.includes("rows"));
  server.put("public", 1, "catalog.courses", "c1", { title: "Renamed" });
  server.put("public", 1, "catalog.courses", "c2", { title: "Second" });
  await write(engine, "kept");
  await until(() => engine.status.value.problem === "quota" && server.applied.length === 1, "sent, and full");
  expect(courses.value.value).toEqual([{ id: "c1", title: "Motion" }]);
  const store = await RowStore.open(phone.disk, rowsName(AMINA), phone.key);
  const { meta, parts } = await store.state();
  store.close();
  expect(Math.max(...parts.map(({ last }) => last))).toBeLessThan(meta.next);

  undo();
  engine.sync();
  await until(() => courses.value.value.length === 2, "all of it");
  expect(textsOf(server.applied)).toEqual(["kept"]);
});
