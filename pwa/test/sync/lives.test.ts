/** A phone and a server that do not remember the same: restores, copies, forks. What was made is there once in the end. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newId } from "../../src/sync/ids.js";
import { mineName } from "../../src/sync/names.js";
import type { Engine, Row } from "../../src/sync/types.js";
import { type Entry, Mine } from "../../src/sync/worker/mine.js";
import { storeAnswer } from "../../src/sync/worker/queue.js";
import { wishOf } from "../../src/sync/worker/wish.js";
import { randomFrom } from "./support/bare.js";
import { copied } from "./support/disk.js";
import { AMINA, newKey, Phone, until } from "./support/phone.js";
import { FakeServer } from "./support/server.js";

const DAY = 24 * 3600 * 1000;

let server: FakeServer;
let phone: Phone;
const copies: Phone[] = [];

beforeEach(async () => {
  server = new FakeServer();
  server.grants.add(`user:${AMINA}`);
  server.automatic.add(`user:${AMINA}`);
  server.handlers.set("notes.note.write", (op) => {
    const { id, text } = op.args as { id: string; text: string };
    server.put("public", 1, "notes.notes", id, { text });
    return null;
  });
  phone = await Phone.make();
});

afterEach(async () => {
  for (const one of [phone, ...copies.splice(0)]) await one.closeAll();
});

const write = (engine: Engine, text: string, group?: string) =>
  engine.command("notes.note.write", { id: newId(), text }, group === undefined ? {} : { group });
const textsOf = (ops: readonly Record<string, unknown>[]) => ops.map((op) => (op.args as { text: string }).text);
const isEmpty = (engine: Engine) => () => engine.outbox.value.length === 0 && engine.status.value.queued === 0;
const offline: typeof fetch = async () => Promise.reject(new TypeError("offline"));
const opsOf = (request: Record<string, unknown>) => (request.ops as Record<string, unknown>[] | undefined) ?? [];

async function copyOf(one: Phone): Promise<Phone> {
  const copy = Phone.of(one.key);
  copy.disk = await copied(one.disk);
  copies.push(copy);
  return copy;
}

async function mineOf(one: Phone): Promise<Mine> {
  return await Mine.open(one.disk, mineName(AMINA), one.key, async () => false);
}

async function journal(): Promise<Entry[]> {
  const mine = await mineOf(phone);
  const entries = mine.list("journal");
  mine.close();
  return entries;
}

describe("a server put back", () => {
  test("H9: what it lost comes again from the journal, in the same request before anything new, once", async () => {
    const engine = await phone.open(server.fetch);
    await write(engine, "one");
    await until(isEmpty(engine), "one sent");
    const restore = server.backup();
    for (const text of ["two", "three"]) await write(engine, text);
    await until(isEmpty(engine), "sent");
    const notes = engine.rows<Row & { text: string }>("notes.notes");
    await until(() => notes.value.value.length === 3, "all shown");
    await engine.close();
    const later = await phone.open(offline);
    await write(later, "four");
    await later.close();

    restore();
    server.requests = [];
    const again = await phone.open(server.fetch);
    await until(isEmpty(again), "four sent");

    expect(textsOf(server.applied)).toEqual(["one", "two", "three", "four"]);
    const carrying = server.requests.map(opsOf).filter((ops) => ops.length > 0);
    expect(textsOf(carrying.at(-1) ?? [])).toEqual(["two", "three", "four"]);
    const shown = again.rows<Row & { text: string }>("notes.notes");
    await until(() => shown.value.value.length === 4, "all shown again");
  });

  test("H10: a journal shorter than the loss makes a new device, and what is left of it comes again, once", async () => {
    const start = Date.now();
    server.now = () => phone.now();
    const engine = await phone.open(server.fetch);
    const restore = server.backup();
    await write(engine, "old");
    await until(isEmpty(engine), "sent");
    phone.now = () => start + 15 * DAY + Date.now() - start;
    for (const text of ["newer", "newest"]) {
      await write(engine, text);
      await until(isEmpty(engine), "sent");
    }
    expect((await journal()).map(({ wish }) => wish.args.text)).toEqual(["newer", "newest"]);
    const before = engine.deviceId;

    restore();
    engine.sync();
    await until(() => server.applied.length === 2, "what the journal has");
    await until(isEmpty(engine), "settled");

    expect(textsOf(server.applied)).toEqual(["newer", "newest"]);
    expect(engine.deviceId).not.toBe(before);
    const last = server.requests.flatMap(opsOf).filter((op) => op.again);
    expect(last.map(({ n }) => n)).toEqual(expect.arrayContaining([1, 2]));
  });
});

describe("two lives of one phone", () => {
  test("H10: a copied phone: numbers that mean something else give a new device id, and nothing runs twice", async () => {
    const engine = await phone.open(server.fetch);
    await write(engine, "one");
    await until(isEmpty(engine), "one sent");
    const before = engine.deviceId;
    await engine.close();
    const copy = await copyOf(phone);

    const [first, second] = [await phone.open(server.fetch), await copy.open(server.fetch)];
    await write(first, "of the phone");
    await until(isEmpty(first), "the phone's");
    await write(second, "of its copy");
    await until(isEmpty(second), "the copy's");
    await write(first, "and once more");
    await until(isEmpty(first), "the phone's again");

    expect(textsOf(server.applied)).toEqual(["one", "of the phone", "of its copy", "and once more"]);
    expect([first.deviceId, second.deviceId]).toEqual([before, expect.not.stringContaining(before)]);
    const [here, there] = [first.rows("notes.notes"), second.rows("notes.notes")];
    first.sync();
    second.sync();
    await until(() => here.value.value.length === 4 && there.value.value.length === 4, "both show all");
    const again = server.requests.flatMap(opsOf).filter((op) => op.again);
    expect(textsOf(again)).toContain("one");
  });

  test("H10: what waited when the copy was made is taken once, whoever sends it first", async () => {
    const engine = await phone.open(offline);
    for (const text of ["a", "b", "c"]) await write(engine, text);
    await engine.close();
    const copy = await copyOf(phone);

    const second = await copy.open(server.fetch);
    await write(second, "of the copy");
    await until(isEmpty(second), "the copy is empty");
    const first = await phone.open(server.fetch);
    await write(first, "of the phone");
    await until(isEmpty(first), "the phone is empty");

    expect(textsOf(server.applied)).toEqual(["a", "b", "c", "of the copy", "of the phone"]);
  });

  test("H10: a phone put back from an old copy of itself learns it by the watermark", async () => {
    const engine = await phone.open(server.fetch);
    await write(engine, "one");
    await until(isEmpty(engine), "one sent");
    await engine.close();
    const old = await copied(phone.disk);
    const newer = await phone.open(server.fetch);
    for (const text of ["two", "three"]) await write(newer, text);
    await until(isEmpty(newer), "sent");
    await newer.close();

    phone.disk = old;
    const back = await phone.open(server.fetch);
    await write(back, "four");
    await until(isEmpty(back), "four sent");

    expect(textsOf(server.applied)).toEqual(["one", "two", "three", "four"]);
    const notes = back.rows("notes.notes");
    await until(() => notes.value.value.length === 4, "all shown");
  });

  test.each(Array.from({ length: 8 }, (_, i) => i + 1))(
    "H10: world %i: two live copies, answers lost, the server put back: each wish once",
    async (seed) => {
      const random = randomFrom(seed);
      const first = await phone.open(server.fetch);
      const made = ["before"];
      await write(first, "before");
      await until(isEmpty(first), "sent");
      await phone.closeAll();
      const lives = [phone, await copyOf(phone)];
      let isCalm = false;
      const talk: typeof fetch = async (input, init) => {
        if (!isCalm && random() < 0.2) throw new TypeError("no network");
        const answer = await server.fetch(input, init);
        if (!isCalm && random() < 0.25) throw new TypeError("the answer is lost");
        return answer;
      };
      let restore = server.backup();
      for (let step = 0; step < 10; step++) {
        const life = lives[Math.floor(random() * 2)] as Phone;
        const engine = await life.open(talk);
        const text = `wish ${step}`;
        await write(engine, text);
        made.push(text);
        await new Promise((resolve) => setTimeout(resolve, random() * 40));
        await engine.close();
        if (random() < 0.15) restore();
        if (random() < 0.2) restore = server.backup();
      }
      isCalm = true;
      // An empty outbox proves nothing: a phone learns only from an exchange that the server was put back.
      const engines = await Promise.all(lives.map((life) => life.open(talk)));
      const nudge = setInterval(() => engines.map((engine) => engine.sync()), 20);
      const isDone = () => server.applied.length === made.length && engines.every((engine) => isEmpty(engine)());
      await until(isDone, "everything once").finally(() => clearInterval(nudge));
      expect(textsOf(server.applied).sort()).toEqual(made.sort());
    },
  );

  test.each([
    ["device.not_yours", 409],
    ["device.revoked", 401],
  ])("H10: %s: after it a new device id sends what waits", async (code, status) => {
    const engine = await phone.open(server.fetch);
    const before = engine.deviceId;
    server.intercept = (request) =>
      request.device === before
        ? Response.json({ success: false, error: { code, message: code, details: {} } }, { status })
        : null;
    await write(engine, "mine");
    const nudge = setInterval(() => engine.sync(), 30);
    await until(isEmpty(engine), "sent").finally(() => clearInterval(nudge));
    expect(engine.deviceId).not.toBe(before);
    expect(textsOf(server.applied)).toEqual(["mine"]);
  });

  test("H10: of a group that lost a member the rest goes on without the group", async () => {
    const engine = await phone.open(server.fetch);
    await until(() => engine.status.value.lastCutAt !== null, "reached");
    await Promise.all(["a", "b", "c"].map((text) => write(engine, text, "g1")));
    await until(() => server.applied.length === 3, "the group");
    await until(isEmpty(engine), "settled");
    await engine.close();
    const mine = await mineOf(phone);
    const [lost] = mine.list("journal");
    await mine.save({ edits: [{ entry: lost ?? null, shelf: "journal", wish: null }] });
    mine.close();

    server.devices.clear();
    server.requests = [];
    const again = await phone.open(server.fetch);
    await write(again, "d");
    await until(() => server.applied.length === 4, "the new one");
    await until(isEmpty(again), "sent again");

    const renumbered = server.requests.flatMap(opsOf).filter((op) => op.again);
    expect(textsOf(renumbered)).toEqual(expect.arrayContaining(["b", "c"]));
    expect(renumbered.every(({ group }) => group === undefined)).toBe(true);
    expect(textsOf(server.applied)).toEqual(["a", "b", "c", "d"]);
  });
});

describe("the journal", () => {
  test("H11: it is kept for fourteen days, and no longer than the server vouches for it", async () => {
    const start = Date.now();
    server.now = () => phone.now();
    const engine = await phone.open(server.fetch);
    await write(engine, "kept");
    await until(isEmpty(engine), "sent");
    expect(await journal()).toHaveLength(1);

    phone.now = () => start + 13 * DAY + Date.now() - start;
    await write(engine, "young");
    await until(isEmpty(engine), "sent");
    expect(await journal()).toHaveLength(2);

    phone.now = () => start + 15 * DAY + Date.now() - start;
    await write(engine, "new");
    await until(isEmpty(engine), "sent");
    expect((await journal()).map(({ wish }) => wish.args.text)).toEqual(["young", "new"]);
  });

  /** Twelve wishes of 300 KB with an answer: the first two stand alone, the next ten are one group. */
  async function full(): Promise<Mine> {
    const mine = await Mine.open(new Phone.Disk(), "mine", await newKey(), async () => false);
    const edits = Array.from({ length: 12 }, (_, i) => {
      const draft = { identity: `w${i}`, kind: "command" as const, name: "x", id: null, args: {} };
      const group = i < 2 ? {} : { group: "g", groupSize: 10 };
      const sent = {
        n: i + 1,
        text: "x".repeat(300_000),
        hash: `h${i + 1}`,
        receipt: { n: i + 1, outcome: "applied" },
      };
      const wish = wishOf({ ...draft, ...group, ...sent } as Parameters<typeof wishOf>[0], [Date.now(), i]);
      return { entry: null, shelf: "outbox" as const, wish };
    });
    await mine.save({ edits, device: { ...mine.device, next: 13 } });
    await mine.save({ edits: mine.list().map((entry) => ({ entry, shelf: "journal" as const, wish: entry.wish })) });
    await mine.raiseFence();
    return mine;
  }

  test.each([
    [12, 12, []],
    [1, 12, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
    [12, 1, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
    [7, 12, [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
  ])("H11: above 2 MB the oldest go: settled %i, watermark %i, whole groups only", async (settled, watermark, left) => {
    const mine = await full();
    const answer = { watermark: [watermark, `h${watermark}`] as const, receipts: [], expected: null };
    await storeAnswer(mine, answer, 0, { settled, now: Date.now() });
    const kept = mine.list("journal").map(({ wish }) => wish.n);
    mine.close();
    expect(kept).toEqual(left);
  });
});
