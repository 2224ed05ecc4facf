import { expect, test } from "vitest";
import { differenceOf } from "../../src/features/authoring/differing.ts";
import type { Block } from "../../src/features/catalog/blocks.ts";

const blocks = (words: string): Block[] => [...words].map((html) => ({ type: "paragraph", html }));

const said = (now: string, then: string): string =>
  differenceOf(blocks(now), blocks(then))
    .map((line) =>
      line.kind === "same"
        ? String(line.count)
        : `${line.kind === "gone" ? "-" : "+"}${(line.block as { html: string }).html}`,
    )
    .join(" ");

test("what stays is counted, what goes and what comes back is named in its place", () => {
  expect(said("abcd", "abcd")).toBe("4");
  expect(said("abcd", "abxd")).toBe("2 -c +x 1");
  expect(said("", "ab")).toBe("+a +b");
  expect(said("ab", "")).toBe("-a -b");
  expect(said("abcde", "bxde")).toBe("-a 1 -c +x 2");
  expect(said("abc", "cab")).toBe("+c 2 -c");
  expect(said("aaa", "aa")).toBe("2 -a");
});

test("whatever the two are, they are made of the same lines", () => {
  let seed = 7;
  const next = (n: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % n;
  };
  for (let round = 0; round < 200; round++) {
    const [now, then] = [0, 1].map(() => Array.from({ length: next(9) }, () => "abc"[next(3)]).join("")) as [
      string,
      string,
    ];
    let [kept, was, will] = [0, "", ""];
    for (const line of differenceOf(blocks(now), blocks(then))) {
      if (line.kind === "same") kept += line.count;
      else if (line.kind === "gone") was += (line.block as { html: string }).html;
      else will += (line.block as { html: string }).html;
    }
    expect(kept + was.length).toBe(now.length);
    expect(kept + will.length).toBe(then.length);
  }
});
