/** Pictures of a text while it is written. */

import { expect, test } from "vitest";
import {
  described,
  filesIn,
  lengthened,
  picturesIn,
  shortened,
  withFormula,
  withoutPicture,
  withPicture,
} from "../../src/features/bank/marks.ts";

const ID = "0199c0de-0000-7000-8000-00000000000a";
const OTHER = "0199c0de-0000-7000-8000-00000000000b";
const text = `What is ![a shape](file:${ID}) beside ![](file:${OTHER})?`;

test("a field shows signs for pictures, and gives them back wherever the signs stand", () => {
  expect(shortened(text)).toBe("What is ▣1 beside ▣2?");
  expect(lengthened(shortened(text), text)).toBe(text);
  expect(lengthened("▣2, then ▣1 ▣3", text)).toBe(`![](file:${OTHER}), then ![a shape](file:${ID}) ▣3`);
  expect(lengthened("no more", text)).toBe("no more");
});

test("a picture is put where the cursor stands, apart from the words beside it", () => {
  expect(withPicture("ab", 1, ID)).toBe(`a ![](file:${ID}) b`);
  expect(withPicture("", Number.POSITIVE_INFINITY, ID)).toBe(`![](file:${ID})`);
  expect(shortened(withPicture(text, "What is ▣1".length, OTHER))).toBe("What is ▣1 ▣2 beside ▣3?");
});

test("marks of a formula stand around what is selected, beside pictures", () => {
  expect(withFormula("x^2 is 4", 0, 3)).toBe("\\(x^2\\) is 4");
  expect(shortened(withFormula(text, 7, 7))).toBe("What is\\(\\) ▣1 beside ▣2?");
});

test("a picture is described, and taken out alone", () => {
  expect(picturesIn(described(text, 1, "a [round](one) "))).toEqual([
    { fileId: ID, alt: "a shape" },
    { fileId: OTHER, alt: "a  round  one  " },
  ]);
  expect(withoutPicture(text, 0)).toBe(`What is beside ![](file:${OTHER})?`);
  expect(filesIn({ prompt: text, body: { things: [`![x "y"](file:${ID})`] } })).toEqual([ID, OTHER]);
});
