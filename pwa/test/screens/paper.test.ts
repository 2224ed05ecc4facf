import { expect, test } from "vitest";
import PAGE from "../../../docs/reference/paper.md?raw";
import type { Item } from "../../src/app/rows.ts";
import { isAnswered, layOutItems, layOutOptions, orderKey, readResult } from "../../src/features/assessments/paper.ts";

interface Vectors {
  readonly order_key: Readonly<Record<string, number>>;
  readonly paper: {
    readonly attempt_id: string;
    readonly assessment_id: string;
    readonly revision: number;
    readonly items: readonly string[];
    readonly items_laid_out: readonly string[];
    readonly options: readonly string[];
    readonly options_laid_out: readonly string[];
  };
}

const VECTORS = JSON.parse(/```json\n([\s\S]*?)```/.exec(PAGE)?.[1] ?? "") as Vectors; // The page that the server's tests read.

const item = (id: string, over: Partial<Item> = {}): Item => ({
  id,
  assessment_id: VECTORS.paper.assessment_id,
  revision: VECTORS.paper.revision,
  kind: "mcq",
  prompt: "",
  options: [],
  points: 1,
  rank: 0,
  ...over,
});

const attempt = { ...VECTORS.paper, id: VECTORS.paper.attempt_id };

test("the phone's keys are the server's keys", () => {
  for (const [text, key] of Object.entries(VECTORS.order_key)) expect(orderKey(text), text).toBe(key);
});

test("the phone lays out questions and options as the server does", () => {
  const items = layOutItems(
    VECTORS.paper.items.map((id) => item(id)),
    attempt,
  );
  expect(items.map((one) => one.id)).toEqual(VECTORS.paper.items_laid_out);

  const options = VECTORS.paper.options.map((id) => ({ id, text: id }));
  const first = item(VECTORS.paper.items[0] ?? "", { options });
  expect(layOutOptions(first, attempt.id).map((option) => option.id)).toEqual(VECTORS.paper.options_laid_out);
});

test("an attempt shows the revision that it pinned, and no other test's questions", () => {
  const own = item("a");
  const newer = item("b", { revision: attempt.revision + 1 });
  const foreign = item("c", { assessment_id: "another" });
  expect(layOutItems([newer, foreign, own], attempt).map((one) => one.id)).toEqual(["a"]);
});

test("left options of a matching question come before right ones", () => {
  const options = [
    { id: "r1", text: "", side: "right" },
    { id: "l1", text: "", side: "left" },
    { id: "r2", text: "", side: "right" },
    { id: "l2", text: "", side: "left" },
  ];
  const sides = layOutOptions(item("m", { kind: "match", options }), "x").map((option) => option.side);
  expect(sides).toEqual(["left", "left", "right", "right"]);
});

test("false and zero are answers; an empty text, list or pairing is none", () => {
  expect([false, 0, "x", ["a"], { l: "r" }].map(isAnswered)).toEqual([true, true, true, true, true]);
  expect([null, undefined, "", [], {}].map(isAnswered)).toEqual([false, false, false, false, false]);
});

test("a result that is not there yet is no result", () => {
  expect(readResult(null)).toBeNull();
  expect(readResult({ items: [], points: 1 })).toMatchObject({ points: 1 });
});
