/** The merge cases that Python and TypeScript share: both must show the same row. SPEC M2, M9. */

import { describe, expect, test } from "vitest";
import cases from "../../../sync/testing/vectors.json";
import { joinFields } from "../../src/sync/merge.js";
import { laidOver } from "../../src/sync/overlay.js";
import type { Effect, Fields, JoinRule, MergeRule, Row } from "../../src/sync/types.js";

interface JoinCase {
  readonly name: string;
  readonly rules: Readonly<Record<string, JoinRule | "sum">>;
  readonly stored: Fields;
  readonly offered: Fields;
  readonly expect: { readonly columns: Fields };
}

interface OverlayCase {
  readonly name: string;
  readonly policy: { readonly kind: "append" | "lww" | "join"; readonly rules?: Readonly<Record<string, JoinRule>> };
  readonly row: Row | null;
  readonly writes: readonly (readonly ["create" | "patch", Fields])[];
  readonly expect: Fields | null;
}

const vectors = cases as unknown as {
  readonly join: readonly JoinCase[];
  readonly lww: readonly { readonly name: string }[];
  readonly overlay: readonly OverlayCase[];
};

const ROW_ID = "1";

function ruleOf(policy: OverlayCase["policy"]): MergeRule {
  return policy.kind === "join" ? { join: policy.rules ?? {} } : policy.kind;
}

function effectOf([kind, fields]: OverlayCase["writes"][number]): Effect {
  const place = { collection: "c" };
  return kind === "create" ? { ...place, put: { ...fields, id: ROW_ID } } : { ...place, patch: { id: ROW_ID, fields } };
}

describe("what a screen shows over the server's row", () => {
  test.each(vectors.overlay.map((found) => [found.name, found] as const))(
    "M9 %s",
    (_name, { policy, row, writes, expect: shown }) => {
      const [seen] = laidOver(row ? [row] : [], writes.map(effectOf), ruleOf(policy), null);

      expect(seen ?? null).toEqual(shown);
    },
  );
});

/** The phone joins for the screen only: what needs other devices' stamps and totals is decided where all of them meet. */
const LEFT_TO_THE_SERVER = [
  "sum: the first device's own total",
  "sum: a second device is added",
  "sum: a device's own total replaces its smaller one",
  "sum: a device's total never goes back",
  "sum: what somebody wrote past the engine counts as the server's",
  "unchanged since base: the offer stands",
  "unchanged since base: stands even with a slower clock, and is stamped after what it saw",
  "changed since base: the later clock wins",
  "changed since base: the earlier clock loses",
  "the same instant: the greater device wins",
  "the same instant: the lesser device loses",
  "the counter decides within one millisecond",
  "a field that nobody stamped is as old as its row",
  "without a base only the clock counts",
  "without a base and later: wins",
  "fields are merged each for itself",
  "the same value from another device: only the stamp moves",
  "a loser that says the same is as offered",
  "nothing may be written, too",
  "true is not 1",
  "the server's own change is a change like any other",
];

const isOurs = ({ name }: { readonly name: string }) => !LEFT_TO_THE_SERVER.includes(name);

describe("the join of two values", () => {
  test.each(vectors.join.filter(isOurs).map((found) => [found.name, found] as const))("M2 %s", (_name, found) => {
    const joined = joinFields(found.stored, found.offered, found.rules as Readonly<Record<string, JoinRule>>);

    expect(joined).toEqual({ ...found.stored, ...found.expect.columns });
  });

  test("what is left to the server is all there, by its name", () => {
    const left = [...vectors.join, ...vectors.lww].filter((found) => !isOurs(found));

    expect(left.map(({ name }) => name)).toEqual(LEFT_TO_THE_SERVER);
    expect(vectors.lww.filter(isOurs)).toEqual([]); // No case may stand between: neither run here nor named.
  });
});
