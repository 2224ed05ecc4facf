/** Pictures and formulas inside a question's text. */

import { expect, test } from "vitest";
import { inWords, isMute, isWords, partsOf } from "../../src/features/assessments/pictures.ts";

const ID = "0199c0de-0000-7000-8000-00000000000a";
const OTHER = "0199c0de-0000-7000-8000-00000000000b";

test("words and pictures follow one another as they were written", () => {
  const text = `What is ![a shape](file:${ID}) ?\n![](file:${OTHER})`;
  expect(partsOf(text)).toEqual(["What is", { fileId: ID, alt: "a shape" }, "?", { fileId: OTHER, alt: "" }]);
  expect(partsOf("just words ")).toEqual(["just words "]);
  expect(partsOf(`![x](file:${ID})`)).toEqual([{ fileId: ID, alt: "x" }]);
});

test("where no picture can stand, what it shows is said", () => {
  expect(inWords(`a ![one](file:${ID}) b ![](file:${ID})`)).toBe("a [one] b […]");
  expect(isMute(`![](file:${ID})`)).toBe(true);
  expect([`![one](file:${ID})`, `A ![](file:${ID})`, "A"].map(isMute)).toEqual([false, false, false]);
});

test("what only looks like a picture is words", () => {
  for (const text of ["![x](file:short)", "![x](https://a.example/x.png)", "[x](file:)", "5! [x]"]) {
    expect(isWords(text)).toBe(true);
    expect(partsOf(text)).toEqual([text]);
  }
});

const SQUARE = "\\(x^2\\)";
const drawn = { [SQUARE]: "<math>x2</math>", $$y$$: "<math>y</math>", "\\(\\mine\\)": "" };

test("formulas stand where they were typed, with the blanks around them, and what was not drawn is words", () => {
  expect(partsOf(`If ${SQUARE} is $$y$$, \\(\\mine\\) costs $5 and $6`, drawn)).toEqual([
    "If ",
    { mathml: "<math>x2</math>" },
    " is ",
    { mathml: "<math>y</math>" },
    ", \\(\\mine\\) costs $5 and $6",
  ]);
  expect(partsOf(`${SQUARE} ![x](file:${ID})${SQUARE}`, drawn)).toEqual([
    { mathml: "<math>x2</math>" },
    { fileId: ID, alt: "x" },
    { mathml: "<math>x2</math>" },
  ]);
  expect(partsOf(`If ${SQUARE}`)).toEqual([`If ${SQUARE}`]);
});

test("a menu can say words, and neither pictures nor formulas", () => {
  expect([`not ${SQUARE}`, `![x](file:${ID})`, "x", "constructor"].map((text) => isWords(text, drawn))).toEqual([
    false,
    false,
    true,
    true,
  ]);
});
