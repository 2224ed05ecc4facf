/** Shared drafts on a phone: edits of one text become one wish, a deletion travels with what was seen, a conflict is told. */

import { afterEach, beforeEach, expect, test } from "vitest";
import { newId } from "../../src/sync/ids.js";
import type { Engine, OverlayRules, Row } from "../../src/sync/types.js";
import { AMINA, Phone, until } from "./support/phone.js";
import { FakeServer } from "./support/server.js";

const SHEETS = "sample.sheets";
const RULES: OverlayRules = {
  merge: { [SHEETS]: { fields: { body: "text", tags: "set", status: "cas" } } },
  commands: {},
};
const sheet = newId();

let server: FakeServer;
let phone: Phone;
let engine: Engine;

beforeEach(async () => {
  server = new FakeServer();
  for (const bucket of [`user:${AMINA}`, "public"]) server.grants.add(bucket);
  for (const bucket of [`user:${AMINA}`, "public"]) server.automatic.add(bucket);
  server.handlers.set(SHEETS, () => null);
  server.put("public", 1, SHEETS, sheet, { body: "The cat sat.", tags: ["a"], status: "draft" });
  phone = await Phone.make();
  engine = await phone.open(server.fetch, { rules: RULES });
  await until(() => shown() !== undefined, "the sheet");
  await engine.close();
  engine = await phone.open(async () => Promise.reject(new TypeError("offline")), { rules: RULES });
  await until(() => shown() !== undefined, "the sheet, without a network");
});

afterEach(() => phone.closeAll());

const rows = () => engine.rows<Row>(SHEETS);
const shown = () => rows().value.value.find((row) => row.id === sheet);
const edit = (was: string, now: string) => engine.patch(SHEETS, sheet, { body: { was, now } });

async function send(): Promise<void> {
  await engine.close();
  engine = await phone.open(server.fetch, { rules: RULES });
}

test("M13 what is typed in pieces is shown at once, and leaves as one wish from what was seen first", async () => {
  await edit("The cat sat.", "The cat sat down.");
  await edit("The cat sat down.", "The cat lay down.");
  await until(() => shown()?.body === "The cat lay down.", "the text");
  await send();
  await until(() => server.applied.length > 0, "the wish with the server");

  expect(server.applied.map(({ kind, base, fields }) => ({ kind, base, fields }))).toEqual([
    { kind: "patch", base: 1, fields: { body: { was: "The cat sat.", now: "The cat lay down." } } },
  ]);
});

test("M16 a deleted row is gone from the screen, and the server hears which version was seen", async () => {
  await engine.remove(SHEETS, sheet);
  await until(() => shown() === undefined, "the deletion on screen");
  await send();
  await until(() => server.applied.length > 0, "the wish with the server");

  expect(server.applied.map(({ kind, base, id }) => ({ kind, base, id }))).toEqual([
    { kind: "delete", base: 1, id: sheet },
  ]);
});

test("M15 what meets a conflict stays in the outbox with its reason", async () => {
  server.handlers.set(SHEETS, () => ({ outcome: "conflict", code: "record.changed", copy: newId() }));
  await engine.patch(SHEETS, sheet, { status: "shown" });
  await send();
  await until(() => engine.outbox.value[0]?.state === "not_accepted", "the refusal");

  expect(engine.outbox.value.map(({ code, args }) => ({ code, args }))).toEqual([
    { code: "record.changed", args: { id: sheet, status: "shown" } },
  ]);
});
