/** Several tabs of one person: one speaks with the server, all see the same, and none needs another to live. */

import { afterEach, beforeEach, expect, test } from "vitest";
import { newId } from "../../src/sync/ids.js";
import type { Engine } from "../../src/sync/types.js";
import type { Word } from "../../src/sync/worker/env.js";
import { Leadership } from "../../src/sync/worker/leader.js";
import { NOTHING, Overtaken } from "../../src/sync/worker/rows.js";
import { Bare } from "./support/bare.js";
import { FakeLocks, newKey, Phone, until } from "./support/phone.js";
import { FakeServer } from "./support/server.js";

let server: FakeServer;
let phone: Phone;

beforeEach(async () => {
  server = new FakeServer();
  server.put("public", 1, "catalog.courses", "c1", { title: "Motion" });
  server.handlers.set("notes.note.write", (op) => {
    const { id, text } = op.args as { id: string; text: string };
    server.put("public", 1, "notes.notes", id, { text });
    return null;
  });
  phone = await Phone.make();
});

afterEach(() => phone.closeAll());

const note = (engine: Engine, text: string) => engine.command("notes.note.write", { id: newId(), text });
const leaders = (...tabs: Engine[]) => tabs.filter((tab) => tab.status.value.leader).length;

test("what one tab writes the leader sends, and all show", async () => {
  const [first, second] = [await phone.open(server.fetch), await phone.open(server.fetch)];
  const [here, there] = [first.rows("notes.notes"), second.rows("notes.notes")];
  await until(() => leaders(first, second) === 1, "one leader");
  expect(first.status.value.leader).toBe(true);

  await note(second, "from the second");

  await until(() => server.applied.length === 1, "sent");
  await until(() => here.value.value.length === 1 && there.value.value.length === 1, "shown in both");
  await until(() => second.outbox.value.length === 0, "settled in the second");
  await until(() => second.status.value.link === "online", "the second knows the link");
});

test("H17: two tabs that write at once lose nothing and give each wish its own number", async () => {
  const tabs = [await phone.open(server.fetch), await phone.open(server.fetch)];
  const texts = Array.from({ length: 20 }, (_, i) => `note ${i}`);
  await Promise.all(texts.map((text, i) => note(tabs[i % 2] as Engine, text)));

  await until(() => server.applied.length === 20, "all sent");
  expect(server.applied.map((op) => (op.args as { text: string }).text).sort()).toEqual(texts.sort());
  const [device] = [...server.devices.values()];
  expect(device?.watermark[0]).toBe(20);
});

test("H17: the leader closes: another tab leads, and sends what waits", async () => {
  const [first, second] = [await phone.open(server.fetch), await phone.open(server.fetch)];
  await until(() => first.status.value.leader, "the first leads");
  await first.close();
  await until(() => second.status.value.leader, "the second leads");
  await note(second, "later");
  await until(() => server.applied.length === 1, "sent");
});

test("H17: a frozen leader keeps its lock for ever: after five seconds of silence another steals it", async () => {
  const locks = new FakeLocks();
  let now = 0;
  const led: string[] = [];
  const leadership = (name: string, hear: (word: Word) => void) =>
    new Leadership(locks, { post: hear, listen: () => undefined, close: () => undefined }, "one", () => now, {
      lead: (lost) =>
        new Promise((resolve) => {
          led.push(name);
          lost.addEventListener("abort", () => {
            led.push(`${name} lost`);
            resolve();
          });
        }),
    });
  const second = leadership("second", () => undefined);
  const first = leadership("first", () => second.heard()); // Its beats arrive …
  first.start();
  second.start();
  await until(() => led.length === 1, "the first leads");
  await new Promise((resolve) => setTimeout(resolve, 1200));
  now = 4000;
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(led).toEqual(["first"]);

  clearInterval(Reflect.get(first, "timer")); // … until its timers stand still.
  now = 20_000;
  await until(() => led.includes("second"), "stolen");
  await until(() => led.includes("first lost"), "the first learns it");
  first.stop();
  second.stop();
});

test("H17: a leader that was overtaken can store nothing any more", async () => {
  const key = await newKey();
  const old = await Bare.open(key);
  await old.exchange(server, []);
  const fresh = await Bare.open(key, old.disk); // Raises the fence, as whoever takes over does.
  server.put("public", 1, "catalog.courses", "c2", { title: "Late" });

  expect(await old.exchange(server, [])).toEqual({ kind: "overtaken" });
  const { meta } = await old.base();
  await expect(
    old.store.write({
      ...NOTHING,
      before: { ...meta, fence: 1 },
      after: meta,
      dropAll: true,
    }),
  ).rejects.toBeInstanceOf(Overtaken);
  expect(await fresh.exchange(server, [])).toMatchObject({ kind: "done" });
  old.close();
  fresh.close();
});
