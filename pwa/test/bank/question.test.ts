/** A question while it is written: what is sent, what it lacks, and what stays when its kind changes. */

import { expect, test } from "vitest";
import {
  type Body,
  changedTo,
  FULL,
  finished,
  gapOf,
  kindOf,
  lackOf,
  marked,
  newBody,
  renumbered,
  type Stored,
  shownAnswers,
  withGap,
} from "../../src/features/bank/question.ts";

const asked = (body: Body, prompt = "Which?"): Stored => ({ prompt, body });
const choices = (...texts: string[]): Body => ({
  kind: "choice",
  is_multi: false,
  choices: texts.map((text, index) => ({ text, weight_ppm: index === 0 ? FULL : 0 })),
});

test("what is still empty is not sent, and words are trimmed", () => {
  const body: Body = {
    kind: "choice",
    is_multi: false,
    choices: [
      { text: " a ", weight_ppm: FULL, feedback: " " },
      { text: "", weight_ppm: 0 },
    ],
  };
  expect(finished({ prompt: " Q ", body, explanation: "  " })).toEqual({
    prompt: "Q",
    body: { kind: "choice", is_multi: false, choices: [{ text: "a", weight_ppm: FULL }] },
  });
});

test("several right answers share the mark to the last part of a million", () => {
  const body = marked(
    { kind: "choice", is_multi: true, choices: ["a", "b", "c", "d"].map((text) => ({ text, weight_ppm: 0 })) },
    new Set([0, 2, 3]),
  );
  expect(body.choices.map((choice) => choice.weight_ppm)).toEqual([333_334, 0, 333_333, 333_333]);
});

test("numbers are sent as the server reads them, and a range never begins above its end", () => {
  const range = (low: string, high: string): Body => ({ kind: "numeric", ranges: [{ low, high, weight_ppm: FULL }] });
  const sent = (low: string, high: string) => finished(asked(range(low, high))).body;
  expect(sent("9,8", "")).toEqual({ kind: "numeric", ranges: [{ low: "9.8", high: "9.8", weight_ppm: FULL }] });
  expect(sent("2", "1")).toEqual({ kind: "numeric", ranges: [{ low: "1", high: "2", weight_ppm: FULL }] });
  expect(sent("ten", "")).toEqual({ kind: "numeric", ranges: [] });
});

test("gaps are numbered as they stand, each with its own answers", () => {
  const one = withGap("A is in B.", [], 0);
  const two = withGap(one.prompt, [gapOf("Paris", false)], one.prompt.length);
  expect(two.prompt).toBe("[[1]]A is in B.[[2]]");
  const before = withGap(two.prompt, two.gaps, 0);
  expect(before.prompt).toBe("[[1]][[2]]A is in B.[[3]]");
  expect(before.gaps[1]).toEqual(gapOf("Paris", false));
  expect(renumbered("only [[3]]", before.gaps)).toEqual({ prompt: "only [[1]]", gaps: [before.gaps[2]] });
});

test("of a menu the first line is right, of a gap that is typed into each", () => {
  expect(gapOf("a\n b \n\na", true)).toEqual({
    is_menu: true,
    answers: [
      { text: "a", weight_ppm: FULL },
      { text: "b", weight_ppm: 0 },
    ],
  });
  expect(gapOf("a\nb", false).answers.map((answer) => answer.weight_ppm)).toEqual([FULL, FULL]);
});

test("answers go over to another kind where it has room for them", () => {
  expect(changedTo("order", choices("a", "b"))).toEqual({ kind: "order", things: ["a", "b"] });
  expect(changedTo("multi", choices("a", "b"))).toMatchObject({
    is_multi: true,
    choices: [{ weight_ppm: FULL }, { weight_ppm: 0 }],
  });
  expect(changedTo("true_false", choices("a", "b"))).toEqual(newBody("true_false"));
});

test.each<[Body, string | null]>([
  [choices("a", "b"), null],
  [choices("a"), "two"],
  [choices("a", "a"), "twice"],
  [
    {
      kind: "choice",
      is_multi: true,
      choices: [
        { text: "a", weight_ppm: 0 },
        { text: "b", weight_ppm: 0 },
      ],
    },
    "right",
  ],
  [newBody("short"), "right"],
  [newBody("numeric"), "number"],
  [
    {
      kind: "match",
      pairs: [
        ["a", "b"],
        ["c", ""],
      ],
    },
    "two",
  ],
  [
    {
      kind: "match",
      pairs: [
        ["a", "b"],
        ["c", "b"],
      ],
    },
    null,
  ],
  [{ kind: "order", things: ["a", "b"] }, null],
  [newBody("cloze"), "gap"],
  [{ kind: "open", asks: "essay" }, "person"],
  [newBody("true_false"), null],
])("a question says what keeps it out of a test: %j", (body, lack) => {
  expect(lackOf(asked(body))).toBe(lack);
  expect(lackOf(asked(body, " "))).toBe("prompt");
  expect(kindOf(body)).toBeTruthy();
});

test("a gap without answers keeps a text out of a test", () => {
  expect(lackOf(asked({ kind: "cloze", gaps: [] }, "A [[1]]"))).toBe("gap_answer");
  expect(lackOf(asked({ kind: "cloze", gaps: [gapOf("x", false)] }, "A [[1]]"))).toBe(null);
});

test("learners are shown what they choose from, and nothing that they type", () => {
  expect(shownAnswers(choices("a", "b"))).toEqual(["a", "b"]);
  expect(shownAnswers({ kind: "match", pairs: [["a", "b"]], distractors: ["c"] })).toEqual(["a → b", "c"]);
  const typed = { answers: [{ text: "x", weight_ppm: FULL }] };
  const menu = { answers: ["y", "z"].map((text) => ({ text, weight_ppm: FULL })), is_menu: true };
  expect(shownAnswers({ kind: "cloze", gaps: [typed, menu] })).toEqual(["y · z"]);
  expect(shownAnswers({ kind: "short", answers: typed.answers })).toEqual([]);
});
