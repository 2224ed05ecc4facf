/** H24: the page is told what changed of its outbox, however long that is. */

import { expect, test } from "vitest";
import { newId } from "../../src/sync/ids.js";
import type { Pending, Shown } from "../../src/sync/messages.js";
import { spliced } from "../../src/sync/proxy.js";
import type { OutboxItem } from "../../src/sync/types.js";
import { add } from "../../src/sync/worker/making.js";
import { Screen, spliceOf } from "../../src/sync/worker/screen.js";
import { wishOf } from "../../src/sync/worker/wish.js";
import { Bare, randomFrom } from "./support/bare.js";
import { newKey } from "./support/phone.js";

const QUEUED = 300;

test("H24: what the page makes of a change is the list that the worker means, whatever the change", () => {
  const random = randomFrom(24);
  const some = (most: number) => Array.from({ length: Math.floor(random() * most) }, () => Math.floor(random() * 3));
  let held: readonly number[] = [];
  let sent: readonly number[] | null = null;
  for (let round = 0; round < 2_000; round++) {
    const from = Math.floor(random() * held.length);
    const now = [...held.slice(0, from), ...some(4), ...held.slice(from + Math.floor(random() * 3))].slice(0, 30);
    const change = spliceOf(sent, now);
    held = change ? spliced(held, change) : held;
    sent = now;
    expect(held).toEqual(now);
  }
});

test("H24: a wish more, a wish less and a wish read again are one item, one item and none", async () => {
  const bare = await Bare.open(await newKey());
  const made = Array.from({ length: QUEUED }, (_, i) => {
    const args = { id: newId(), text: `note ${i}` };
    return wishOf({ identity: newId(), kind: "command", name: "notes.note.write", id: null, args }, [1000 + i, 0]);
  });
  await bare.mine.save({ edits: made.map((wish) => ({ entry: null, shelf: "outbox", wish })) });
  const page: { outbox: readonly OutboxItem[]; pending: readonly Pending[] } = { outbox: [], pending: [] };
  let told: Shown[] = [];
  const hear = (shown: Shown) => {
    told.push(structuredClone(shown));
    if (shown.outbox) page.outbox = spliced(page.outbox, shown.outbox);
    if (shown.pending) page.pending = spliced(page.pending, shown.pending);
  };
  const fail = (error: unknown) => expect.fail(String(error));
  const screen = new Screen(bare.mine, bare.view(), hear, fail, () => undefined);
  async function toldOf(change: () => Promise<unknown>): Promise<number[]> {
    told = [];
    await change();
    await screen.refresh();
    return told.flatMap(({ outbox, pending }) => [outbox?.put.length ?? -1, pending?.put.length ?? -1]);
  }

  expect(await toldOf(async () => undefined)).toEqual([QUEUED, QUEUED]);
  const draft = { identity: newId(), kind: "command" as const, name: "notes.note.write", id: null, args: {} };
  expect(await toldOf(() => add(bare.mine, {}, draft, Date.now))).toEqual([1, 1]);
  expect(page.outbox.at(-1)?.identity).toBe(draft.identity);
  const entry = bare.mine.list()[QUEUED / 2] ?? null;
  expect(await toldOf(() => bare.mine.save({ edits: [{ entry, shelf: "outbox", wish: null }] }))).toEqual([0, 0]);
  const before = bare.mine.list();
  expect(await toldOf(() => bare.mine.reload())).toEqual([]); // As after another tab was faster.
  expect(bare.mine.list().every((one, i) => one === before[i])).toBe(true); // None was unsealed once more.

  await new Screen(bare.mine, bare.view(), hear, fail, () => undefined).refresh(); // A worker that begins anew says all.
  expect(page.outbox.map(({ identity }) => identity)).toEqual(bare.mine.list().map(({ wish }) => wish.identity));
  expect(page.pending.map(({ identity }) => identity)).toEqual(page.outbox.map(({ identity }) => identity));
  bare.close();
});
