import { expect, test } from "vitest";
import type { Lesson, Section } from "../../src/app/rows.ts";
import { both, choose, conflictsIn, mergeBlocks } from "../../src/features/authoring/conflicts.ts";
import {
  editOf,
  excerptOf,
  filesOf,
  finished,
  isPlainTable,
  itemsOf,
  keyed,
  moved,
  same,
  splitAt,
  withCell,
} from "../../src/features/authoring/editing.ts";
import { httpsOf } from "../../src/features/authoring/inline.ts";
import { moveLesson, partsOf, placeLast, stepOf } from "../../src/features/authoring/outline.ts";
import { effects } from "../../src/features/authoring/overlay.ts";
import type { Block } from "../../src/features/catalog/blocks.ts";
import { placeAt } from "../../src/sync/place.ts";
import { mergeLists } from "../../src/sync/text.ts";

const id = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`;
const text = (html: string): Block => ({ type: "paragraph", html });
const texts = (blocks: readonly Block[]) =>
  blocks.map((block) => (block.type === "paragraph" ? block.html : block.type));

const section = (n: number): Section => ({ id: id(n), course_id: "c", title: `S${n}`, rank: placeAt(n, id(n)) });
const lesson = (n: number, home: number): Lesson => ({
  id: id(n),
  course_id: "c",
  section_id: id(home),
  title: `L${n}`,
  rank: placeAt(n, id(n)),
  minutes: 1,
  text_bytes: 0,
});
const sections = [section(2), section(1)];
const lessons = [lesson(13, 1), lesson(11, 1), lesson(12, 1), lesson(21, 2)];
const order = (all: readonly Lesson[]) =>
  partsOf(sections, all).map((part) => part.lessons.map((one) => one.title).join(" "));
const applied = (n: number, fields: Readonly<Record<string, string>> | null) =>
  order(lessons.map((one) => (one.id === id(n) ? { ...one, ...fields } : one)));

test("a course stands in the order of its places, and a lesson is moved to any place by one patch", () => {
  const parts = partsOf(sections, lessons);
  expect(order(lessons)).toEqual(["L11 L12 L13", "L21"]);
  expect(applied(13, moveLesson(parts, lesson(13, 1), { sectionId: id(1), index: 0 }))).toEqual(["L13 L11 L12", "L21"]);
  expect(applied(11, moveLesson(parts, lesson(11, 1), { sectionId: id(1), index: 1 }))).toEqual(["L12 L11 L13", "L21"]);
  expect(applied(11, moveLesson(parts, lesson(11, 1), { sectionId: id(2), index: 1 }))).toEqual(["L12 L13", "L21 L11"]);
  expect(moveLesson(parts, lesson(11, 1), { sectionId: id(1), index: 0 })).toBeNull();
  const last = { ...lesson(99, 1), rank: placeLast(parts[0]?.lessons ?? [], id(99)) };
  expect(order([...lessons, last])).toEqual(["L11 L12 L13 L99", "L21"]);
});

test("a step goes over the border of a section, and ends at the ends of the course", () => {
  const parts = partsOf(sections, lessons);
  expect(stepOf(parts, id(13), 1)).toEqual({ sectionId: id(2), index: 0 });
  expect(stepOf(parts, id(21), -1)).toEqual({ sectionId: id(1), index: 3 });
  expect(stepOf(parts, id(11), -1)).toBeNull();
  expect(stepOf(parts, id(21), 1)).toBeNull();
  expect(applied(21, moveLesson(parts, lesson(21, 2), { sectionId: id(1), index: 3 }))).toEqual([
    "L11 L12 L13 L21",
    "",
  ]);
});

test("a lesson whose section has not come yet is not lost", () => {
  expect(order([...lessons, lesson(50, 5)])).toEqual(["L11 L12 L13", "L21 L50"]);
});

test("commands show at once what they will make, where the educators look for it", () => {
  const shown = effects["catalog.lesson.add"]?.(
    { id: "l", course_id: "c", section_id: "s", title: "T", rank: "a0", blocks: [text("x")] },
    0,
    { userId: "u" },
  );
  expect(shown?.map(({ collection, bucket, put }) => [collection, bucket, put?.id])).toEqual([
    ["catalog.lessons", "course-staff:c", "l"],
    ["catalog.lesson_texts", "course-staff:c", "l"],
  ]);
  const course = effects["catalog.course.create"]?.({ id: "c", title: "T", section_id: "s" }, 0, { userId: "u" });
  expect(course?.map(({ put }) => put?.id)).toEqual(["c", "s"]);
});

test("blocks that two people changed are merged one by one; where both did, both stand between marks", () => {
  const was = ["a", "b", "c"].map(text);
  const merge = (mine: string, theirs: string) =>
    texts(mergeBlocks(was, mine.split(" ").map(text), theirs.split(" ").map(text))).join(" ");
  expect(merge("A b c", "a b C")).toBe("A b C");
  expect(merge("a b c x", "a c")).toBe("a c x");
  expect(merge("a M c", "a T c")).toBe("a ⟦ M ⟧⟦ T ⟧ c");
  expect(merge("a M N c", "a T c")).toBe("a ⟦ M N ⟧⟦ T ⟧ c");
  expect(merge("a b c", "a b c")).toBe("a b c");
});

test("of a conflict one side, the other, or both stay", () => {
  const blocks = ["a", "⟦", "M", "⟧⟦", "T", "⟧", "c"].map(text);
  const [conflict] = conflictsIn(blocks);
  if (!conflict) throw new Error("none was found");
  expect(conflict.sides.map(texts)).toEqual([["M"], ["T"]]);
  expect(texts(choose(blocks, conflict, conflict.sides[0]))).toEqual(["a", "M", "c"]);
  expect(texts(choose(blocks, conflict, both(conflict)))).toEqual(["a", "M", "T", "c"]);
  expect(conflictsIn(["⟦", "a"].map(text))).toEqual([]); // Somebody wrote a mark: that is a text like any other.
});

test("words that the server marked within a text are two texts to choose from", () => {
  const blocks = [text("It is ⟦hot⟧⟦warm⟧ today"), text("⟦only one⟧")];
  const [conflict, more] = conflictsIn(blocks);
  expect(conflict?.sides.map(texts)).toEqual([["It is hot today"], ["It is warm today"]]);
  expect(more).toBeUndefined();
});

test("what is empty is not sent, and every heading has a name of its own", () => {
  const heading = (words: string, name = ""): Block => ({ type: "heading", level: 2, text: words, id: name });
  const note: Block = { type: "note", kind: "info", blocks: [text(""), text("x")] };
  const math: Block = { type: "math", mathml: "", alt: "", latex: "x^2" };
  const image: Block = { type: "image", file_id: "", alt: "", width: 1, height: 1 };
  const done = finished([
    text(""),
    heading(" Ёлка "),
    heading("Heat!"),
    heading("Heat?"),
    heading("Old", "heat"),
    note,
    math,
    image,
  ]);
  expect(done).toEqual([
    { type: "heading", level: 2, text: "Ёлка", id: "part" },
    { type: "heading", level: 2, text: "Heat!", id: "heat" },
    { type: "heading", level: 2, text: "Heat?", id: "heat-2" },
    { type: "heading", level: 2, text: "Old", id: "heat-3" },
    { type: "note", kind: "info", blocks: [text("x")] },
    { ...math, alt: "x^2" },
  ]);
});

test("a block keeps its key through changes of its neighbours, and equal content is equal in any order of its fields", () => {
  const items = itemsOf([text("a"), text("b")]);
  const now = keyed(items, [text("new"), { html: "b", type: "paragraph" } as Block]);
  expect(now[1]?.key).toBe(items[1]?.key);
  expect(now[0]?.key).not.toBe(items[0]?.key);
  expect(same({ type: "list", ordered: false, items: [{ html: "" }] }, { items: [{}], type: "list" })).toBe(true);
  expect(moved(["a", "b", "c"], 0, 2)).toEqual(["b", "c", "a"]);
  expect(moved(["a"], 0, 5)).toEqual(["a"]);
});

test("tables with merged cells keep their shape, and cells their marks", () => {
  expect(
    isPlainTable([
      [{}, { html: "x" }],
      [{}, {}],
    ]),
  ).toBe(true);
  expect(isPlainTable([[{ across: 2 }], [{}, {}]])).toBe(false);
  expect(withCell([[{ across: 2, html: "x" }]], 0, 0, "")).toEqual([[{ across: 2 }]]);
});

test("a lesson that is too long is split at the heading nearest to its middle", () => {
  const blocks: Block[] = Array.from({ length: 20 }, (_one, n) => text(`${n}`.repeat(100)));
  blocks[11] = { type: "heading", level: 2, text: "Half", id: "half" };
  expect(splitAt(blocks)).toBe(11);
  expect(splitAt([text("a"), text("b".repeat(500))])).toBe(1);
});

test("files are found at any depth, and blocks say their beginning", () => {
  const audio: Block = { type: "audio", file_id: "f", title: "Song" };
  expect(
    filesOf([
      { type: "note", kind: "tip", blocks: [audio] },
      { type: "list", ordered: true, items: [{ blocks: [audio] }] },
    ]),
  ).toEqual(["f"]);
  expect(excerptOf(text("a <em>b</em>, d<br>&amp; c"))).toBe("a b, d & c");
  expect(excerptOf(text("x".repeat(100)))).toHaveLength(60);
});

test("links lead to https alone", () => {
  expect(httpsOf("example.org/a b")).toBe("https://example.org/a b");
  expect(httpsOf(" https://example.org ")).toBe("https://example.org");
  for (const bad of [
    "http://example.org",
    "javascript:alert(1)",
    "https://user@evil.org",
    "https://x",
    "",
    "//example.org",
    "data:text/html,x",
  ]) {
    expect(httpsOf(bad)).toBeNull();
  }
});

test("a save says what changed with its neighbours, and lies over the lesson as if all of it were said", () => {
  const lessonOf = (words: string) => words.split(" ").filter(Boolean).map(text);
  const say = (base: string, now: string) => {
    const edit = editOf(lessonOf(base), lessonOf(now));
    return [texts(edit.was).join(" "), texts(edit.now).join(" ")];
  };
  expect(say("a b c d e", "a b C d e")).toEqual(["b c d", "b C d"]);
  expect(say("a b c", "A b c")).toEqual(["a b", "A b"]);
  expect(say("a b c", "a b c d")).toEqual(["c", "c d"]);
  expect(say("a b c d", "a d")).toEqual(["a b c d", "a d"]);
  expect(say("a x b x c", "a x B x c")).toEqual(["a x b x c", "a x B x c"]); // Which x is the neighbour cannot be said.
  expect(say("", "a")).toEqual(["", "a"]);
  for (const [base, now] of [
    ["a b c d e", "a b C d e"],
    ["a b c d e", "x a b c d e"],
    ["a b c d e", "a b c d e x"],
    ["a b c d e", "a b d e"],
    ["a b c d e", "e d c b a"],
    ["a b c d e", "a x b y c d"],
    ["a b c d e", ""],
    ["a b c d e", "a c b d e"],
  ] as const) {
    const edit = editOf(lessonOf(base), lessonOf(now));
    const shown = mergeLists(edit.was, edit.now, lessonOf(base)) as Block[];
    expect(texts(shown).join(" ")).toBe(now);
  }
  const edit = editOf(lessonOf("a b c d e"), lessonOf("a b C d e"));
  const grown = mergeLists(edit.was, edit.now, lessonOf("0 a b c d e 9")) as Block[];
  expect(texts(grown).join(" ")).toBe("0 a b C d e 9"); // What another wrote meanwhile stays on the screen.
});
