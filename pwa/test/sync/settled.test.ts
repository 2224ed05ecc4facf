/** SPEC M9: no wish leaves the screen for a row that is not here yet. */

import { expect, test } from "vitest";
import type { LineIndexes } from "../../src/sync/worker/indexes.js";
import { Page } from "../../src/sync/worker/page.js";
import { type Cover, EMPTY_META, type Pair, pairKey } from "../../src/sync/worker/rows.js";
import type { PageBase } from "../../src/sync/worker/staging.js";

const OWN: Pair = ["user:amina", 0];
const NO_ROWS = { forget() {}, forgetAll() {} } as unknown as LineIndexes; // No line is kept in these pages.

function cover([bucket, tier]: Pair, state: Cover["state"]): Cover {
  return { bucket, tier, state, count: 0, hi: 0, lo: 0, rows: 0, bytes: 0 };
}

function standing(state: Cover["state"]): PageBase {
  return {
    meta: { ...EMPTY_META, cursor: "before", final: true, settled: 5 },
    covers: new Map([[pairKey(OWN), cover(OWN, state)]]),
    parts: new Map(),
    files: new Map(),
  };
}

const CUT = { settled: 7, digests: null, isWhole: true };

test("a cut with all of the person's own rows settles what it says", async () => {
  const page = new Page(standing("full"), NO_ROWS, []);
  await page.mark("after", CUT, false, 1);
  expect(page.change()?.after.settled).toBe(7);
});

test("a cut while own rows are still coming settles nothing more", async () => {
  const page = new Page(standing("filling"), NO_ROWS, []);
  await page.mark("after", CUT, false, 1);
  expect(page.change()?.after.settled).toBe(5);
});

test("the end of the fill settles all of it", async () => {
  const page = new Page(standing("filling"), NO_ROWS, []);
  await page.mark("after", CUT, true, 1);
  expect(page.change()?.after.settled).toBe(7);
});

test("own rows dropped to be filled again settle nothing until they are back", async () => {
  const page = new Page(standing("full"), NO_ROWS, []);
  page.add({ kind: "joined", pair: OWN });
  await page.mark("after", CUT, false, 1);
  expect(page.change()?.after.settled).toBe(0);
});

test("a start from nothing settles nothing before the first fill is done", async () => {
  const page = new Page({ ...standing("full"), meta: { ...EMPTY_META, settled: 5 } }, NO_ROWS, []);
  page.add({ kind: "joined", pair: OWN });
  await page.mark("after", CUT, false, 1);
  expect(page.change()?.after.settled).toBe(0);
});

test("own rows dropped after a cut of the same answer settle nothing, whatever that cut said", async () => {
  const page = new Page(standing("full"), NO_ROWS, []);
  await page.mark("first", CUT, false, 1);
  page.add({ kind: "joined", pair: OWN });
  await page.mark("after", null, false, 2);
  expect(page.change()?.after.settled).toBe(0);
});

test("own rows that stay while another bucket is filled keep what is settled", async () => {
  const page = new Page(standing("full"), NO_ROWS, []);
  page.add({ kind: "joined", pair: ["course:1", 1] });
  await page.mark("after", CUT, false, 1);
  expect(page.change()?.after.settled).toBe(7);
});
