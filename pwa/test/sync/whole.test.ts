/** H23: a refused op of another phone is a summary here, and whole when somebody opens it. */

import { afterEach, beforeEach, expect, test } from "vitest";
import { newId } from "../../src/sync/ids.js";
import { AMINA, Phone, until } from "./support/phone.js";
import { FakeServer } from "./support/server.js";

const [ROW, IDENTITY, LESSON] = [newId(), newId(), newId()];
const BLOCKS = { was: [], now: [{ type: "paragraph", html: "All that was written on the other phone." }] };
const OP = { n: 7, op: IDENTITY, kind: "patch", collection: "catalog.lesson_texts", id: LESSON, base: 1 };

let server: FakeServer;
let phone: Phone;
let isAway: boolean;

const talk: typeof fetch = async (input, init) => {
  if (isAway) throw new TypeError("no network");
  const isOpened = String(input).endsWith(`/api/v1/sync/ops/${ROW}`);
  if (isOpened) expect(new Headers(init?.headers).get("Authorization")).toBe("Bearer token");
  return isOpened ? Response.json({ ...OP, fields: { blocks: BLOCKS } }) : await server.fetch(input, init);
};

beforeEach(async () => {
  isAway = false;
  server = new FakeServer();
  server.grants.add(`user:${AMINA}`);
  server.automatic.add(`user:${AMINA}`);
  const summary = { kind: "summary", op: IDENTITY, collection: "catalog.lesson_texts", record: LESSON };
  server.put(`user:${AMINA}`, 0, "sync.ops", ROW, {
    identity: IDENTITY,
    kind: "patch",
    outcome: "parked",
    code: "record.absent",
    message: "There is no such record.",
    op: JSON.stringify(summary),
    bytes: 84_000,
    received_at: new Date().toISOString(),
  });
  phone = await Phone.make();
});

afterEach(() => phone.closeAll());

test("H23: it says what, of which record, why and how long, and is whole once it is opened", async () => {
  const engine = await phone.open(talk);
  await until(() => engine.outbox.value.length === 1, "the summary");
  const [item] = engine.outbox.value;
  if (!item) throw new Error("nothing there");
  expect(item).toMatchObject({ kind: "patch", name: "catalog.lesson_texts", args: { id: LESSON }, isShort: true });
  expect(item).toMatchObject({ state: "not_accepted", code: "record.absent", bytes: 84_000 });

  const whole = await engine.whole(item);
  expect(whole.args).toEqual({ id: LESSON, blocks: BLOCKS });
  expect(whole.isShort).toBeUndefined();
  expect(await engine.whole(whole)).toBe(whole);
  expect(await (await engine.exportOutbox()).text()).toContain("All that was written on the other phone.");
});

test("H23: without a network it says so, is withdrawn all the same, and the file holds its summary", async () => {
  const engine = await phone.open(talk);
  await until(() => engine.outbox.value.length === 1, "the summary");
  const [item] = engine.outbox.value;
  if (!item) throw new Error("nothing there");

  isAway = true;
  await expect(engine.whole(item)).rejects.toMatchObject({ code: "wish.not_here" });
  expect(await (await engine.exportOutbox()).text()).toContain(LESSON);
  await engine.withdraw(IDENTITY);
  isAway = false;
  engine.sync();
  await until(() => server.applied.some(({ command }) => command === "sync.op.withdraw"), "withdrawn");
  expect(server.applied.at(-1)?.args).toEqual({ id: ROW });
});
