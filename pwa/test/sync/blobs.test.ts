/** An op names the files that it needs; it goes at once, and the server keeps it until they are there. */

import { afterEach, beforeEach, expect, test } from "vitest";
import { newId } from "../../src/sync/ids.js";
import { AMINA, Phone, until } from "./support/phone.js";
import { FakeServer } from "./support/server.js";

const PHOTO = `${"0".repeat(63)}a`;
const SOUND = `${"0".repeat(63)}b`;

let server: FakeServer;
let phone: Phone;
let ops: Record<string, unknown>[];

beforeEach(async () => {
  server = new FakeServer();
  server.grants.add(`user:${AMINA}`);
  server.automatic.add(`user:${AMINA}`);
  ops = [];
  server.handlers.set("notes.note.write", (op) => {
    ops.push(op);
    return null;
  });
  phone = await Phone.make();
});

afterEach(() => phone.closeAll());

test("H21: an op that names files is sent at once, and names them again after the app was closed", async () => {
  const offline = await phone.open(() => Promise.reject(new TypeError("no network")));
  await offline.command("notes.note.write", { id: newId(), text: "with a photo" }, { blobs: [PHOTO, SOUND] });
  await offline.command("notes.note.write", { id: newId(), text: "without" });
  await offline.close();

  const engine = await phone.open(server.fetch);
  await until(() => engine.status.value.queued === 0, "both are sent");

  expect(ops.map((op) => op.blobs)).toEqual([[PHOTO, SOUND], undefined]);
});
