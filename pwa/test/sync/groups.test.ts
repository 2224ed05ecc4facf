/** Commands that stand or fall together: kept side by side, numbered in a row, and never counted to another group. */

import { beforeEach, describe, expect, test } from "vitest";
import { newId } from "../../src/sync/ids.js";
import { mineName } from "../../src/sync/names.js";
import { Mine } from "../../src/sync/worker/mine.js";
import { fork, nextOps } from "../../src/sync/worker/queue.js";
import { type Wish, wishOf } from "../../src/sync/worker/wish.js";
import { AMINA, newKey, Phone, until } from "./support/phone.js";
import { FakeServer } from "./support/server.js";

const LATER = 3_600_000;
const LIMIT = { bytes: 65_536, units: 1000, mayNumber: true };
const START = 1_760_000_000_000;

let mine: Mine;

beforeEach(async () => {
  mine = await Mine.open(new Phone.Disk(), "mine", await newKey(), async () => false);
  await mine.raiseFence();
});

/** Keep a command, `ms` after the start. */
async function keep(text: string, ms: number, more: Partial<Wish> = {}): Promise<void> {
  const draft = { identity: newId(), kind: "command" as const, name: "notes.note.write", id: null, args: { text } };
  await mine.save({ edits: [{ entry: null, shelf: "outbox", wish: wishOf({ ...draft, ...more }, [START + ms, 0]) }] });
}

type Sent = readonly [text: unknown, n: number | null, group: unknown, size: unknown];

/** What a request would carry `ms` after the start. */
async function carried(ms: number): Promise<Sent[]> {
  const units = await nextOps(mine, LIMIT, START + ms);
  return units.flat().map(({ wish }) => {
    const op = JSON.parse(wish.text ?? "{}") as { group?: [string, number] };
    return [wish.args.text, wish.n, op.group?.[0], op.group?.[1]];
  });
}

async function lose(text: string): Promise<void> {
  const entry = mine.list().find(({ wish }) => wish.args.text === text) ?? null;
  await mine.save({ edits: [{ entry, shelf: entry?.shelf ?? "outbox", wish: null }] });
}

describe("a group being made", () => {
  test("is complete when nothing was added to it for a moment, and holds back what follows it", async () => {
    await keep("a", 0, { group: "g" });
    await keep("b", 200, { group: "g" });
    await keep("after", 201);

    expect(await carried(400)).toEqual([]);
    expect(await carried(500)).toEqual([
      ["a", 1, "g", 2],
      ["b", 2, "g", 2],
      ["after", 3, undefined, undefined],
    ]);
  });

  test("waits longer for a member that a slow disk is keeping already, and not for ever", async () => {
    await keep("a", 0, { group: "g", isMoreComing: true });
    expect(await carried(5_000)).toEqual([]);

    await keep("b", 5_000, { group: "g" });
    expect(await carried(5_100)).toEqual([]);
    expect(await carried(5_300)).toEqual([
      ["a", 1, "g", 2],
      ["b", 2, "g", 2],
    ]);

    await keep("c", 6_000, { group: "of a tab that was closed", isMoreComing: true });
    expect((await carried(16_000)).at(-1)).toEqual(["c", 3, "of a tab that was closed", 1]);
  });

  test("does not wait for a day because the clock was set back", async () => {
    await keep("a", 24 * LATER, { group: "g" });

    expect(await carried(0)).toEqual([["a", 1, "g", 1]]);
  });

  test("has numbers in a row, although another tab kept something in between", async () => {
    await keep("a", 0, { group: "g" });
    await keep("of another tab", 1);
    await keep("b", 2, { group: "g" });

    expect(await carried(LATER)).toEqual([
      ["a", 1, "g", 2],
      ["b", 2, "g", 2],
      ["of another tab", 3, undefined, undefined],
    ]);
  });

  test("H10: a member that came too late is a group of its own, under a name of its own", async () => {
    await keep("a", 0, { group: "g" });
    await carried(LATER);
    await keep("b", LATER, { group: "g" });

    const [, late] = await carried(2 * LATER);

    expect(late).toEqual(["b", 2, expect.not.stringMatching(/^g$/), 1]);
  });
});

describe("after a fork", () => {
  test("H10: of a group in two parts, the part that lost a member goes on without a group", async () => {
    for (const text of ["a", "b"]) await keep(text, 0, { group: "g" });
    await carried(LATER);
    await keep("c", LATER, { group: "g" });
    const sent = await carried(2 * LATER);
    await lose("a");

    await fork(mine);

    expect(await carried(3 * LATER)).toEqual([
      ["b", 1, undefined, undefined],
      ["c", 2, sent[2]?.[2], 1],
    ]);
  });

  test("H10: parts of one name, as an older build numbered them, are whole or no group", async () => {
    const numbered = (n: number, groupSize: number) => ({ group: "g", n, groupSize, text: "{}", hash: `${n}` });
    await keep("a", 0, numbered(1, 1));
    await keep("b", 0, numbered(2, 2));
    await keep("c", 0, numbered(3, 2));

    await fork(mine);

    expect((await carried(LATER)).map(([text, n, group]) => [text, n, group])).toEqual([
      ["a", 1, undefined],
      ["b", 2, undefined],
      ["c", 3, undefined],
    ]);
  });

  test("H10: a member that is withdrawn leaves no group that waits for it", async () => {
    for (const text of ["a", "b"]) await keep(text, 0, { group: "g" });
    await carried(LATER);
    await fork(mine);
    await lose("a");

    expect(await carried(LATER)).toEqual([["b", 1, undefined, undefined]]);
  });

  test("H10: a member that was not sent before the fork is not counted to those that were", async () => {
    for (const text of ["a", "b"]) await keep(text, 0, { group: "g" });
    await carried(LATER);
    await keep("late", LATER, { group: "g" });

    await fork(mine);
    const sent = await carried(2 * LATER);

    expect(sent.slice(0, 2)).toEqual([
      ["a", 1, "g", 2],
      ["b", 2, "g", 2],
    ]);
    expect(sent[2]).toEqual(["late", 3, expect.not.stringMatching(/^g$/), 1]);
  });
});

test("twenty wishes made at once are all kept, in their order, and a group among them is one", async () => {
  const [server, phone] = [new FakeServer(), await Phone.make()];
  const engine = await phone.open(server.fetch);
  await until(() => engine.status.value.lastCutAt !== null, "reached");
  const texts = Array.from({ length: 20 }, (_, i) => `wish ${i}`);

  await Promise.all(
    texts.map((text) => engine.command("notes.note.write", { id: newId(), text }, { group: "all at once" })),
  );
  await until(() => server.applied.length === texts.length, "applied");
  await phone.closeAll();

  expect(server.applied.map((op) => (op.args as { text: string }).text)).toEqual(texts);
  expect(new Set(server.applied.map((op) => JSON.stringify(op.group)))).toEqual(new Set(['["all at once",20]']));
  const kept = await Mine.open(phone.disk, mineName(AMINA), phone.key, async () => false);
  expect(kept.list().map(({ wish }) => wish.args.text)).toEqual(texts);
  kept.close();
});
