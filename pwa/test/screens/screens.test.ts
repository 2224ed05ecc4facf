import { beforeEach, expect, test, vi } from "vitest";
import type { OutboxItem } from "../../src/sync/types.ts";

const stored = new Map<string, string>();

beforeEach(() => {
  stored.clear();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  });
  vi.stubGlobal("location", { pathname: "/", search: "", origin: "https://spark.example" });
  vi.stubGlobal("navigator", { languages: ["en"] });
});

const op = (over: Partial<OutboxItem>): OutboxItem => ({
  identity: Math.random().toString(36),
  n: null,
  kind: "patch",
  name: "assessments.answers",
  args: {},
  state: "saved",
  at: 0,
  bytes: 1,
  title: "Motion",
  ...over,
});

test("addresses find their screens and parts of them their names", async () => {
  const { matchRoute } = await import("../../src/app/router.ts");
  expect(matchRoute("/courses/:courseId/lessons/:lessonId", "/courses/a/lessons/b%20c")).toEqual({
    courseId: "a",
    lessonId: "b c",
  });
  expect(matchRoute("/courses", "/courses/")).toEqual({});
  expect(matchRoute("/", "/")).toEqual({});
  expect(matchRoute("/", "/courses")).toBeNull();
  expect(matchRoute("/courses/:courseId", "/courses")).toBeNull();
});

test("answers of one test are one line of the outbox, commands stand alone", async () => {
  const { bundle } = await import("../../src/features/outbox/screens/outbox.tsx");
  const bundles = bundle([
    op({}),
    op({ kind: "command", name: "questions.question.ask" }),
    op({}),
    op({ state: "sent" }),
    op({ kind: "batch", args: { rows: [1, 2, 3] } }),
    op({ kind: "command", name: "questions.question.ask" }),
  ]);
  expect(bundles.map(({ item, count }) => [item.name, item.state, count])).toEqual([
    ["questions.question.ask", "saved", 1],
    ["assessments.answers", "sent", 1],
    ["assessments.answers", "saved", 5],
    ["questions.question.ask", "saved", 1],
  ]);
});

test("lessons are read section by section", async () => {
  const { inReadingOrder } = await import("../../src/features/catalog/progress.ts");
  const lesson = (id: string, section_id: string, rank: number) =>
    ({ id, section_id, rank, course_id: "c", title: id, minutes: 1, text_bytes: 1 }) as const;
  const lessons = [lesson("d", "s2", 1), lesson("a", "s1", 0), lesson("c", "s2", 0), lesson("b", "s1", 10)];
  const sections = [
    { id: "s2", rank: 2 },
    { id: "s1", rank: 1 },
  ];
  expect(inReadingOrder(lessons, sections).map((one) => one.id)).toEqual(["a", "b", "c", "d"]);
});

test("a bar stands for a tenth, and the full mark belongs to the last", async () => {
  const { binsOf } = await import("../../src/features/teaching/parts/distribution.tsx");
  expect(binsOf([0, 99_999, 100_000, 950_000, 1_000_000])).toEqual([2, 1, 0, 0, 0, 0, 0, 0, 0, 2]);
});

test("places of reading are kept for each person, the oldest forgotten first", async () => {
  const { keepPlace, readPlaces } = await import("../../src/features/catalog/progress.ts");
  for (let n = 0; n < 205; n++) keepPlace("amina", `lesson-${n}`, { courseId: "c", block: n, at: n });
  expect(Object.keys(readPlaces("amina"))).toHaveLength(200);
  expect(readPlaces("amina")["lesson-204"]?.block).toBe(204);
  expect(readPlaces("amina")["lesson-0"]).toBeUndefined();
  expect(readPlaces("brian")).toEqual({});
});

test("blocks come as JSON or as its text; anything else is a lesson without content", async () => {
  const { readBlocks } = await import("../../src/features/catalog/blocks.ts");
  const blocks = [{ type: "paragraph", html: "x" }];
  expect(readBlocks(blocks)).toEqual(blocks);
  expect(readBlocks(JSON.stringify(blocks))).toEqual(blocks);
  expect([readBlocks(undefined), readBlocks({})]).toEqual([[], []]);
});

test.each([
  ["/courses/a/lessons/b", "/courses/a/lessons/b"],
  [null, "/"],
  ["//elsewhere.example/", "/"],
  ["/\\elsewhere.example/", "/"],
  ["https://elsewhere.example/", "/"],
  ["javascript:alert(1)", "/"],
])("who had to sign in before %s goes on to %s, and never to another site", async (to, where) => {
  const { query, wanted } = await import("../../src/app/router.ts");
  query.value = new URLSearchParams(to === null ? {} : { to });
  expect(wanted()).toBe(where);
});
