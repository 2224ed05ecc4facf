import { beforeEach, expect, test, vi } from "vitest";
import { learn } from "../../src/words/areas.ts";
import { formatAgo, formatBytes, formatDate, formatDuration, formatPpm, instant } from "../../src/words/format.ts";
import { LANGUAGES, type Language, speak, t, tn, type Word, type Words } from "../../src/words/index.ts";

const SEPTEMBER = Date.UTC(2026, 8, 5, 9, 5);
const TAGS = Object.keys(LANGUAGES) as Language[];

beforeEach(() => {
  vi.stubGlobal("localStorage", { setItem: () => undefined, getItem: () => null });
  vi.stubGlobal("document", { documentElement: {} });
});

/** The words of a language as the build makes them: an array in the order of the English keys. */
async function listOf(tag: Language): Promise<readonly string[]> {
  const files = {
    en: () => import("../../src/words/en.ts").then((file) => file.en),
    uz: () => import("../../src/words/uz.ts").then((file) => file.uz),
    ru: () => import("../../src/words/ru.ts").then((file) => file.ru),
    id: () => import("../../src/words/id.ts").then((file) => file.id),
  };
  return (await files[tag]()) as unknown as readonly string[]; // The build numbered the keys.
}

const blanksOf = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

test.each(["uz", "ru", "id"] as const)("%s says every word, with the blanks that the English has", async (tag) => {
  const english = await listOf("en");
  const theirs = await listOf(tag);

  expect(theirs).toHaveLength(english.length);
  for (const [index, text] of theirs.entries()) {
    expect(text).not.toBe("");
    for (const form of text.split("|")) expect(blanksOf(form), text).toEqual(blanksOf(english[index] ?? ""));
  }
});

const AREAS = import.meta.glob<Record<string, Words>>("../../src/words/*/*.ts", { eager: true });

test.each(Object.keys(AREAS))("%s says what the English of its area says, with its blanks", (path) => {
  const [area, tag] = path.slice(0, -3).split("/").slice(-2);
  const english = AREAS[`../../src/words/${area}/en.ts`]?.en ?? {};
  const theirs = AREAS[path]?.[tag ?? ""] ?? {};

  expect(Object.keys(theirs)).toEqual(Object.keys(english));
  for (const [number, text] of Object.entries(theirs)) {
    expect(text).not.toBe("");
    for (const form of text.split("|")) expect(blanksOf(form), text).toEqual(blanksOf(english[Number(number)] ?? ""));
  }
});

test("an area's words come when they are asked for, and follow the language", async () => {
  await speak("en");
  expect(t("play.newer")).toBe("");
  await Promise.all([learn("play"), learn("play")]);
  expect(t("play.newer")).toBe("A newer version of the app shows this.");
  await speak("ru");
  expect(t("play.newer")).toBe("Это покажет новая версия приложения.");
  expect(t("act.back")).toBe("Назад");
});

test("Russian counts in three forms", async () => {
  await speak("ru");
  expect([1, 2, 5, 21, 22, 25].map((n) => tn("course.lessons", n))).toEqual([
    "1 урок",
    "2 урока",
    "5 уроков",
    "21 урок",
    "22 урока",
    "25 уроков",
  ]);
});

test("English counts in two forms, Indonesian and Uzbek in one", async () => {
  await speak("en");
  expect([tn("course.lessons", 1), tn("course.lessons", 2)]).toEqual(["1 lesson", "2 lessons"]);
  await speak("id");
  expect([tn("course.lessons", 1), tn("course.lessons", 2)]).toEqual(["1 pelajaran", "2 pelajaran"]);
  await speak("uz");
  expect([tn("course.lessons", 1), tn("course.lessons", 2)]).toEqual(["1 ta dars", "2 ta dars"]);
});

test("blanks are filled, and a blank without a value stays empty", async () => {
  await speak("en");
  expect(t("calm.sending", { n: 3, of: 7 })).toBe("Sending 3 of 7");
  expect(t("calm.sending", { n: 3 })).toBe("Sending 3 of ");
  expect(t("today.hello" as Word, { name: "{n}" })).toBe("Hello, {n}");
});

test.each(TAGS)("%s writes no date as a machine would", async (tag) => {
  await speak(tag);
  for (let month = 0; month < 12; month++) {
    expect(formatDate(Date.UTC(2025, month, 5, 12))).not.toMatch(/M\d\d|\d{4}-\d\d/);
  }
});

test("Uzbek names its months itself", async () => {
  await speak("uz");
  expect(formatDate(SEPTEMBER - 365 * 86_400_000)).toBe("5-sentabr, 2025");
});

test("bytes are said in the unit of a data plan", async () => {
  await speak("en");
  expect([800, 34_100, 99_999, 133_400, 400_000, 4_310_000, 18_200_000].map(formatBytes)).toEqual([
    "1 KB",
    "35 KB",
    "100 KB",
    "0.13 MB",
    "0.4 MB",
    "4.3 MB",
    "18 MB",
  ]);
});

test("lengths of time and parts are rounded to what a person wants to know", async () => {
  await speak("en");
  expect([0.2, 45, 200, 7300].map(formatDuration)).toEqual(["1 second", "45 seconds", "3 min", "2 hours"]);
  expect(formatPpm(753_246)).toBe("75%");
});

test("a moment of today is a time, an older one a day, a fresh one a distance", async () => {
  await speak("en");
  const noon = new Date(2026, 10, 21, 12).getTime();
  expect(formatAgo(noon - 5_000, noon)).toBe("just now");
  expect(formatAgo(noon - 300_000, noon)).toBe("5 min ago");
  expect(formatAgo(noon - 3 * 3_600_000, noon)).toMatch(/09:00/);
  expect(formatAgo(noon - 3 * 86_400_000, noon)).toMatch(/November 18/);
});

test("instants come as text from the server and as numbers from this phone", () => {
  expect(instant("2026-11-21T10:00:59Z")).toBe(Date.UTC(2026, 10, 21, 10, 0, 59));
  expect(instant("2026-11-21T10:00:59.500000Z")).toBe(Date.UTC(2026, 10, 21, 10, 0, 59, 500));
  expect(instant(5)).toBe(5);
  expect([instant(null), instant(undefined), instant("soon")]).toEqual([null, null, null]);
});
