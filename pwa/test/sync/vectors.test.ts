/** The merge cases that Python and TypeScript share: both must show the same row. SPEC M2, M9, M13, M14. */

import { describe, expect, test } from "vitest";
import cases from "../../../sync/testing/vectors.json";
import { composed, joinFields } from "../../src/sync/merge.js";
import { laidOver } from "../../src/sync/overlay.js";
import { placeAt, placeBetween } from "../../src/sync/place.js";
import { mergeText } from "../../src/sync/text.js";
import type { Effect, FieldRule, Fields, JoinRule, MergeRule, Row } from "../../src/sync/types.js";

interface JoinCase {
  readonly name: string;
  readonly rules: Readonly<Record<string, JoinRule | "sum">>;
  readonly stored: Fields;
  readonly offered: Fields;
  readonly expect: { readonly columns: Fields };
}

interface OverlayCase {
  readonly name: string;
  readonly policy: {
    readonly kind: "append" | "lww" | "join" | "fields";
    readonly rules?: Readonly<Record<string, JoinRule & FieldRule>>;
  };
  readonly row: Row | null;
  readonly writes: readonly (readonly ["create" | "patch" | "delete", Fields])[];
  readonly expect: Fields | null;
}

const vectors = cases as unknown as {
  readonly join: readonly JoinCase[];
  readonly lww: readonly { readonly name: string }[];
  readonly overlay: readonly OverlayCase[];
  readonly set: readonly { readonly name: string }[];
  readonly text: readonly {
    readonly name: string;
    readonly was: string;
    readonly one: string;
    readonly other: string;
    readonly expect: { readonly text: string; readonly is_overlapping: boolean };
  }[];
  readonly place: readonly {
    readonly name: string;
    readonly before: string | null;
    readonly behind: string | null;
    readonly id: string;
    readonly expect: string;
  }[];
  readonly place_at: readonly {
    readonly name: string;
    readonly index: number;
    readonly id: string;
    readonly expect: string;
  }[];
};

const ROW_ID = "1";

function ruleOf(policy: OverlayCase["policy"]): MergeRule {
  if (policy.kind === "fields") return { fields: policy.rules ?? {} };
  return policy.kind === "join" ? { join: policy.rules ?? {} } : policy.kind;
}

function effectOf([kind, fields]: OverlayCase["writes"][number]): Effect {
  const place = { collection: "c" };
  if (kind === "delete") return { ...place, remove: ROW_ID };
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
    expect(vectors.set.length).toBeGreaterThan(0); // Stamps of elements are the server's; the phone's own edits are above.
  });
});

describe("a text that two people changed", () => {
  test.each(vectors.text.map((found) => [found.name, found] as const))("M13 %s", (_name, found) => {
    const { text, is_overlapping: isOverlapping } = found.expect;

    expect(mergeText(found.was, found.one, found.other)).toEqual({ text, isOverlapping });
    expect(mergeText(found.was, found.other, found.one)).toEqual({ text, isOverlapping });
  });

  test("M13 a long run of blanks inside a conflict is marked in a moment", () => {
    const gap = " ".repeat(99_000);
    expect(mergeText("was", ` one${gap}one\n`, `two${gap}two `).text).toBe(` ⟦one${gap}one⟧\n⟦two${gap}two⟧ `);
  });

  test("M13 nothing typed is lost where words stand often and the gap is large", () => {
    const was = Array.from({ length: 900 }, (_, i) => `w${(i * 7919) % 400}`);
    const one = was.map((word, i) => (i % 5 === 0 ? `one${i}` : word));
    const other = was.flatMap((word, i) => (i % 7 === 0 ? [] : i % 11 === 0 ? [word, `other${i}`] : [word]));
    const merged = new Set(mergeText(was.join(" "), one.join(" "), other.join(" ")).text.split(/[ ⟦⟧]+/));

    expect([...one, ...other].filter((word) => /^o/.test(word) && !merged.has(word))).toEqual([]);
  });
});

describe("a place in a list", () => {
  test.each(vectors.place.map((found) => [found.name, found] as const))("M14 %s", (_name, found) => {
    expect(placeBetween(found.before, found.behind, found.id)).toBe(found.expect);
  });

  test.each(vectors.place_at.map((found) => [found.name, found] as const))("M14 %s", (_name, found) => {
    expect(placeAt(found.index, found.id)).toBe(found.expect);
  });

  test("M14 two in no order have no place between them", () => {
    expect(() => placeBetween("a1abcdefgh", "a0abcdefgh", ROW_ID)).toThrow(RangeError);
  });
});

describe("two wishes of one record that become one", () => {
  const rule = { fields: { body: "text", tags: "set", locale: "lww" } } as const;
  const first = { body: { was: "a", now: "b" }, tags: { add: ["x"], remove: ["y"] }, locale: "en" };

  test("edits follow each other", () => {
    const later = { body: { was: "b", now: "c" }, tags: { add: ["y"], remove: ["x"] }, locale: "uz" };

    expect(composed("patch", first, later, rule)).toEqual({
      body: { was: "a", now: "c" },
      tags: { add: ["y"], remove: ["x"] },
      locale: "uz",
    });
  });

  test("what was made of a text that came meanwhile stays a wish of its own", () => {
    expect(composed("patch", first, { body: { was: "b and more", now: "c" } }, rule)).toBeNull();
  });

  test("a new row takes its first edits in", () => {
    const made = { body: "a", tags: ["y"] };

    expect(composed("create", made, first, rule)).toEqual({ body: "b", tags: ["x"], locale: "en" });
    expect(composed("create", { body: "other" }, first, rule)).toBeNull(); // Two wishes: the server merges.
  });
});
