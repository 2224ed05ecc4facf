import { afterEach, beforeEach, expect, test } from "vitest";
import { newId } from "../../src/sync/ids.js";
import { AMINA, Phone, until } from "./support/phone.js";
import { FakeServer } from "./support/server.js";

let server: FakeServer;
let phone: Phone;

beforeEach(async () => {
  server = new FakeServer();
  phone = await Phone.make();
  server.grants.add(`user:${AMINA}`);
  server.automatic.add(`user:${AMINA}`);
});

afterEach(() => phone.closeAll());

test("a course is downloaded, read offline after a restart, and kept in step", async () => {
  for (let i = 0; i < 200; i++)
    server.put("course:1", 1, "catalog.lessons", `lesson-${i}`, { title: `Lesson ${i}`, rank: i });
  server.put("public", 1, "catalog.courses", "course-1", { title: "Motion" });
  server.grants.add("course:1");

  const engine = await phone.open(server.fetch);
  await engine.want("course:1");
  const lessons = engine.rows("catalog.lessons");
  await until(() => lessons.value.value.length === 200, "200 lessons");
  await until(
    () => engine.buckets.value.some(({ bucket, tiers }) => bucket === "course:1" && tiers[0]?.state === "full"),
    "the bucket full",
  );
  expect(engine.status.value).toMatchObject({ link: "online", problem: null, leader: true });

  server.put("course:1", 1, "catalog.lessons", "lesson-7", { title: "Renamed", rank: 7 });
  server.put("course:1", 1, "catalog.lessons", "lesson-8", null);
  engine.sync();
  await until(() => lessons.value.value.length === 199, "one lesson fewer");
  expect(lessons.value.value.find(({ id }) => id === "lesson-7")).toMatchObject({ title: "Renamed" });
  await engine.close();

  const offline = await phone.open(async () => Promise.reject(new TypeError("offline")));
  const row = offline.row("catalog.lessons", "lesson-7");
  await until(() => row.value.state === "ready", "the row read");
  expect(row.value.value).toMatchObject({ title: "Renamed", rank: 7 });
  await until(() => offline.status.value.link === "offline", "offline known");
});

test("what is written offline shows at once, is sent once, and stands when the server's row comes", async () => {
  server.handlers.set("notes.note.write", (op, self) => {
    const args = op.args as { id: string; text: string };
    self.put("public", 1, "notes.notes", args.id, { text: args.text, number: 1 });
    return null;
  });
  let isOnline = false;
  const engine = await phone.open((input, init) =>
    isOnline ? server.fetch(input, init) : Promise.reject(new TypeError("offline")),
  );
  const notes = engine.rows("notes.notes");
  const seen: number[] = [];
  notes.subscribe(({ value }) => seen.push(value.length));
  const id = newId();

  const identity = await engine.command("notes.note.write", { id, text: "why?" }, { title: "A note" });
  await until(() => notes.value.value.length === 1, "the note shown offline");
  expect(engine.outbox.value).toMatchObject([{ identity, state: "saved", title: "A note" }]);
  isOnline = true;
  engine.sync();

  await until(() => notes.value.value[0]?.number === 1, "the server's row");
  await until(() => engine.outbox.value.length === 0, "an empty outbox");
  expect(server.applied).toHaveLength(1);
  expect(seen.filter((count, i) => i > 0 && count < (seen[i - 1] ?? 0))).toEqual([]); // Never gone in between.
});
