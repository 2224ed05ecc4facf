/** Pictures inside a question's text. */

import { expect, test } from "vitest";
import { hasPictures, inWords, isMute, partsOf } from "../../src/features/assessments/pictures.ts";

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
    expect(hasPictures(text)).toBe(false);
    expect(partsOf(text)).toEqual([text]);
  }
});
