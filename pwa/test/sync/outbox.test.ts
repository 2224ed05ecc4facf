/** What a person made is sent once, whatever happens on the way, and never lost. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { derivedId, newId } from "../../src/sync/ids.js";
import type { Engine } from "../../src/sync/types.js";
import type { Env } from "../../src/sync/worker/env.js";
import { randomFrom } from "./support/bare.js";
import { AMINA, Phone, until } from "./support/phone.js";
import { FakeServer } from "./support/server.js";

let server: FakeServer;
let phone: Phone;

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

afterEach(() => phone.closeAll());

const write = (engine: Engine, text: string) => engine.command("notes.note.write", { id: newId(), text });
const textsOf = (ops: readonly Record<string, unknown>[]) => ops.map((op) => (op.args as { text: string }).text);
const isEmpty = (engine: Engine) => () => engine.outbox.value.length === 0 && engine.status.value.queued === 0;

const derivedText = (hex: string) =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;

describe("exactly once", () => {
  test.each(Array.from({ length: 12 }, (_, i) => i + 1))(
    "world %i: lost, torn and repeated answers, and a killed app",
    async (seed) => {
      const random = randomFrom(seed);
      server.network = (bytes) => {
        const luck = random();
        if (luck < 0.2) return null; // Applied, but the answer is lost.
        return luck < 0.5 ? bytes.slice(0, Math.floor(random() * bytes.length)) : bytes;
      };
      const talk: typeof fetch = async (input, init) => {
        if (random() < 0.15) throw new TypeError("no network");
        if (random() < 0.15) await server.fetch(input, init).catch(() => undefined); // The request arrives twice.
        return await server.fetch(input, init);
      };
      let engine = await phone.open(talk);
      const made: string[] = [];
      for (let i = 0; i < 20; i++) {
        made.push(`note ${i}`);
        await write(engine, `note ${i}`);
        if (random() < 0.3) engine.sync();
        if (random() < 0.15) {
          await engine.close();
          engine = await phone.open(talk);
        }
      }
      server.network = (bytes) => bytes;

      const calm = setInterval(() => engine.sync(), 20);
      await until(isEmpty(engine), "an empty outbox").finally(() => clearInterval(calm));

      expect(textsOf(server.applied)).toEqual(made); // Each once, in the order in which they were made.
    },
  );

  test("the same request always carries the same bytes", async () => {
    let engine = await phone.open(server.fetch);
    await until(() => engine.status.value.lastCutAt !== null, "reached");
    server.network = () => null;
    await write(engine, "one");
    await until(() => server.requests.some(({ ops }) => ops !== undefined), "a first try");
    await engine.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    server.network = (bytes) => bytes;

    engine = await phone.open(server.fetch);
    await until(isEmpty(engine), "sent");

    const sent = server.requests
      .flatMap(({ ops }) => (ops as unknown[] | undefined) ?? [])
      .map((op) => JSON.stringify(op));
    expect(sent.length).toBeGreaterThan(1);
    expect(new Set(sent).size).toBe(1);
  });
});

describe("before it is sent", () => {
  test("H16: fifty answers of an attempt travel as one op, in one request of 700 bytes", async () => {
    const random = randomFrom(50);
    const hex = (digits: number) =>
      Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join("");
    const [start, real] = [Date.parse("2026-11-21T08:00:00Z"), Date.now()];
    let passed = 0;
    phone.now = () => start + passed + Date.now() - real;
    server.now = phone.now;
    const begun = await phone.open(server.fetch);
    const attempt = newId();
    const test = { assessment_id: derivedText(hex(32)), revision: 3, started_at: new Date(start).toISOString() };
    await begun.create("assessments.attempts", attempt, test);
    await until(isEmpty(begun), "begun");
    await begun.close();
    const engine = await phone.open(async () => Promise.reject(new TypeError("offline")));
    const ids: string[] = [];
    const items = Array.from({ length: 50 }, () => derivedText(hex(32)));
    for (const [place, item_id] of items.entries()) {
      passed += 4000 + Math.floor(random() * 40_000);
      const id = await derivedId("assessments.answers", attempt, item_id);
      ids.push(id);
      const fields = { attempt_id: attempt, item_id, value: hex(10) };
      const short = { item: place, value: Math.floor(random() * 4) };
      await engine.create("assessments.answers", id, fields, { title: "Motion", bucket: `user:${AMINA}`, short });
    }
    await engine.patch("assessments.answers", ids[7] ?? "", { value: "0a1b2c3d4e" }, { short: { item: 7, value: 9 } });
    const answers = engine.rows("assessments.answers");
    await until(() => answers.value.value.length === 50, "all shown");
    await engine.close();

    const sizes: number[] = [];
    server.intercept = (request, size) => {
      if (request.ops !== undefined) sizes.push(size);
      return null;
    };
    const online = await phone.open(server.fetch);
    await until(isEmpty(online), "sent");

    expect(server.applied.map(({ kind }) => kind)).toEqual(["create", "batch"]);
    const batch = server.applied[1] as { same: unknown; columns: string[]; rows: unknown[][] };
    expect(batch.same).toEqual({ attempt_id: attempt });
    expect(batch.columns).toEqual(["item", "value", "at"]);
    expect(batch.rows).toHaveLength(50);
    expect(batch.rows[7]?.slice(0, 2)).toEqual([7, 9]);
    expect(sizes).toHaveLength(1);
    expect(sizes[0]).toBeLessThanOrEqual(700);
  });

  test("H16: answers whose place is not known name their questions", async () => {
    const engine = await phone.open(async () => Promise.reject(new TypeError("offline")));
    const attempt = newId();
    for (const item of ["a", "b"]) {
      const id = await derivedId("assessments.answers", attempt, item);
      const place = item === "a" ? { short: { item: 0, value: 1 } } : {};
      await engine.create("assessments.answers", id, { attempt_id: attempt, item_id: item, value: 1 }, place);
    }
    await engine.close();

    const online = await phone.open(server.fetch);
    await until(isEmpty(online), "sent");

    expect(server.applied.map(({ kind }) => kind)).toEqual(["create", "create"]);
  });

  test("patches of one record become one, by the rule of its collection", async () => {
    const engine = await phone.open(async () => Promise.reject(new TypeError("offline")));
    const id = await derivedId("catalog.progress", AMINA, "lesson");
    await engine.create("catalog.progress", id, { lesson_id: "lesson", seen_ppm: 100 });
    await engine.patch("catalog.progress", id, { seen_ppm: 900 });
    await engine.patch("catalog.progress", id, { seen_ppm: 400 });

    await until(() => engine.outbox.value.length === 1, "one wish");
    expect(engine.outbox.value[0]).toMatchObject({ kind: "create", args: { lesson_id: "lesson", seen_ppm: 900 } });
  });

  test("an unsent wish can be withdrawn, and one that cannot be JSON is cleaned, not lost", async () => {
    const engine = await phone.open(async () => Promise.reject(new TypeError("offline")));
    const gone = await write(engine, "never mind");
    await write(engine, "lone \ud800 and nul \u0000 stay out");
    await engine.withdraw(gone);
    await engine.close();

    const online = await phone.open(server.fetch);
    await until(isEmpty(online), "sent");
    expect(textsOf(server.applied)).toEqual(["lone  and nul  stay out"]);
  });

  test("what is too large is refused at once, by name", async () => {
    const engine = await phone.open(server.fetch);
    await expect(write(engine, "x".repeat(300_000))).rejects.toMatchObject({ code: "wish.too_large" });
  });
});

test("commands of a group go together, in one request, and say how many they are", async () => {
  const engine = await phone.open(server.fetch);
  await until(() => engine.status.value.lastCutAt !== null, "reached");
  await Promise.all(
    ["a", "b"].map((text) => engine.command("notes.note.write", { id: newId(), text }, { group: "g1" })),
  );
  await until(() => server.applied.length === 2, "both applied");

  const carrying = server.requests.filter(({ ops }) => ops !== undefined);
  expect(carrying).toHaveLength(1);
  const groups = ((carrying[0]?.ops ?? []) as { group: unknown }[]).map(({ group }) => group);
  expect(groups).toEqual([
    ["g1", 2],
    ["g1", 2],
  ]);
});

describe("refusals", () => {
  test("a refused wish leaves the screen, stays in the outbox with its reason, and the rest goes on", async () => {
    server.handlers.set("notes.note.close", () => ({
      outcome: "parked",
      code: "note.absent",
      message: "There is no such note.",
    }));
    const engine = await phone.open(server.fetch);
    await engine.command("notes.note.close", { note_id: "n1" }, { title: "Close it" });
    await write(engine, "after it");

    const notes = engine.rows("notes.notes");
    await until(() => server.applied.length === 1 && notes.value.value.length === 1, "the second applied");
    await until(() => engine.outbox.value.length === 1, "one left");
    expect(engine.outbox.value[0]).toMatchObject({ state: "not_accepted", code: "note.absent", title: "Close it" });
  });

  test("a row of sync.ops says when a refused wish was settled elsewhere, and lets it be tried again", async () => {
    const row = newId();
    server.handlers.set("notes.note.close", (op) => {
      server.put(`user:${AMINA}`, 0, "sync.ops", row, {
        identity: op.op,
        outcome: "parked",
        code: "note.absent",
        message: "No such note.",
        op: JSON.stringify(op),
        received_at: new Date().toISOString(),
      });
      return { outcome: "parked", code: "note.absent", message: "No such note." };
    });
    const engine = await phone.open(server.fetch);
    const identity = await engine.command("notes.note.close", { note_id: "n1" });
    await until(() => engine.outbox.value[0]?.state === "not_accepted", "parked");
    await until(() => engine.status.value.phase === "idle", "idle");

    await engine.retry(identity);
    await until(() => server.applied.some(({ command }) => command === "sync.op.retry"), "the retry");
    expect(server.applied.at(-1)?.args).toEqual({ id: row });
    server.put(`user:${AMINA}`, 0, "sync.ops", row, {
      identity,
      outcome: "applied",
      op: "{}",
      received_at: new Date().toISOString(),
    });
    engine.sync();
    await until(isEmpty(engine), "nothing left");
  });

  const REFUSED = { outcome: "parked", code: "note.absent", message: "No such note." };

  async function refusedWithoutItsRow(env: Partial<Env> = {}) {
    const made: { op: Record<string, unknown> | null } = { op: null };
    server.handlers.set("notes.note.close", (op) => {
      made.op = op;
      return REFUSED;
    });
    const engine = await phone.open(server.fetch, { env });
    const identity = await engine.command("notes.note.close", { note_id: "n1" });
    await until(() => engine.outbox.value[0]?.state === "not_accepted", "parked");
    const row = newId();
    const arrives = () =>
      server.put(`user:${AMINA}`, 0, "sync.ops", row, {
        ...REFUSED,
        identity,
        op: JSON.stringify(made.op),
        received_at: new Date().toISOString(),
      });
    return { engine, identity, row, arrives };
  }

  test.each(["retry", "withdraw"] as const)("%s waits for the row that names what was refused", async (what) => {
    const { engine, identity, row, arrives } = await refusedWithoutItsRow();

    const moved = engine[what](identity);
    await new Promise((resolve) => setTimeout(resolve, 50));
    arrives();
    engine.sync();
    await moved;

    await until(() => server.applied.some(({ command }) => command === `sync.op.${what}`), "the move");
    expect(server.applied.at(-1)?.args).toEqual({ id: row });
  });

  test("a row that does not come is said so, and the wish stays", async () => {
    const { engine, identity } = await refusedWithoutItsRow({ heldMs: 50 });

    await expect(engine.retry(identity)).rejects.toMatchObject({ code: "wish.not_held" });

    expect(engine.outbox.value[0]).toMatchObject({ identity, state: "not_accepted" });
  });

  test("one wish that no request may carry is set aside; its neighbours go", async () => {
    server.intercept = (request) => {
      const texts = JSON.stringify(request.ops ?? []);
      if (!texts.includes("poison")) return null;
      const error = {
        success: false,
        error: { code: "request.too_large", message: "too large", details: { max_bytes: 10 } },
      };
      return Response.json(error, { status: 413 });
    };
    const offline = await phone.open(async () => Promise.reject(new TypeError("offline")));
    for (const text of ["a", "b", "poison", "c"]) await write(offline, text);
    await offline.close();

    const engine = await phone.open(server.fetch);
    await until(() => server.applied.length === 3, "three applied");
    await until(() => engine.outbox.value.length === 1, "one left");
    expect(textsOf(server.applied)).toEqual(["a", "b", "c"]);
    expect(engine.outbox.value[0]).toMatchObject({ state: "not_accepted", code: "request.too_large" });

    server.intercept = () => null;
    await engine.retry(engine.outbox.value[0]?.identity ?? "");
    await until(isEmpty(engine), "sent after all");
    expect(textsOf(server.applied)).toEqual(["a", "b", "c", "poison"]);
  });
});
