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

const SERVER_ONLY = 21; // Last-writer-wins against a base, and sums: decided where all devices meet.

/** The phone joins for the screen only; totals of several devices are the server's to add up. */
const isShared = ({ rules, offered }: JoinCase) => Object.keys(offered).every((field) => rules[field] !== "sum");

describe("the join of two values", () => {
  test.each(vectors.join.filter(isShared).map((found) => [found.name, found] as const))("M2 %s", (_name, found) => {
    const joined = joinFields(found.stored, found.offered, found.rules as Readonly<Record<string, JoinRule>>);

    expect(joined).toEqual({ ...found.stored, ...found.expect.columns });
  });

  test("what is left to the server is known by number", () => {
    expect(vectors.join.filter((found) => !isShared(found)).length + vectors.lww.length).toBe(SERVER_ONLY);
  });
});
