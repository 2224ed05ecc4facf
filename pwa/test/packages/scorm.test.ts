/** Both run-time environments, as packages meet them: values, errors, and what is kept between visits. */

import { describe, expect, test } from "vitest";
import type { Item } from "../../src/features/packages/outline.ts";
import { makeApi12 } from "../../src/features/packages/scorm/api12.ts";
import { makeApi2004 } from "../../src/features/packages/scorm/api2004.ts";
import { decode, encode, type Kept, NEW, resultOf, together } from "../../src/features/packages/scorm/kept.ts";
import { clockOf, isoOf, secondsOf } from "../../src/features/packages/scorm/times.ts";

const learner = { id: "L1", name: "Amina K." };
const sco = (more: Partial<Item> = {}): Item => ({ id: "i1", title: "One", path: "a.html", sco: true, ...more });

function visit12(kept: Kept = NEW, item = sco()) {
  let told = kept;
  const api = makeApi12({
    item,
    kept,
    learner,
    tell: (now) => {
      told = now;
    },
  });
  return { api, told: () => told };
}

function visit2004(kept: Kept = NEW, item = sco()) {
  let told = kept;
  const api = makeApi2004({
    item,
    kept,
    learner,
    tell: (now) => {
      told = now;
    },
  });
  return { api, told: () => told };
}

describe("SCORM 1.2", () => {
  test("nothing is said before the beginning, nor after the end", () => {
    const { api } = visit12();
    expect(api.LMSGetValue("cmi.core.student_id")).toBe("");
    expect(api.LMSGetLastError()).toBe("301");
    expect(api.LMSInitialize("x")).toBe("false");
    expect(api.LMSGetLastError()).toBe("201");
    expect(api.LMSInitialize("")).toBe("true");
    expect(api.LMSInitialize("")).toBe("false");
    expect(api.LMSGetLastError()).toBe("101");
    expect(api.LMSFinish("")).toBe("true");
    expect(api.LMSSetValue("cmi.suspend_data", "x")).toBe("false");
    expect(api.LMSGetLastError()).toBe("301");
  });

  test.each([
    ["cmi.core.student_id", "L1", "0"],
    ["cmi.core.student_name", "Amina K.", "0"],
    ["cmi.core.lesson_status", "not attempted", "0"],
    ["cmi.core.entry", "ab-initio", "0"],
    ["cmi.core.total_time", "0000:00:00.00", "0"],
    ["cmi.core.score._children", "raw,max,min", "0"],
    ["cmi.interactions._count", "0", "0"],
    ["cmi.core.exit", "", "404"],
    ["cmi.core.nothing", "", "201"],
    ["cmi.suspend_data._children", "", "202"],
    ["cmi.core._count", "", "203"],
    ["cmi.objectives.0.id", "", "201"],
    ["cmi.interactions.0.id", "", "201"],
    ["constructor", "", "201"],
    ["cmi.__proto__", "", "201"],
  ])("%s read, case %#", (name, value, code) => {
    const { api } = visit12();
    api.LMSInitialize("");
    expect([api.LMSGetValue(name), api.LMSGetLastError()]).toEqual([value, code]);
  });

  test.each([
    ["cmi.core.lesson_status", "done", "405"],
    ["cmi.core.lesson_status", "not attempted", "405"],
    ["cmi.core.score.raw", "101", "405"],
    ["cmi.core.score.raw", "-1", "405"],
    ["cmi.core.score.raw", "1e2", "405"],
    ["cmi.core.score.raw", "", "0"],
    ["cmi.core.score.raw", "66.5", "0"],
    ["cmi.core.session_time", "00:60", "405"],
    ["cmi.core.session_time", "0000:10:00.5", "0"],
    ["cmi.core.student_id", "other", "403"],
    ["cmi.core._children", "x", "402"],
    ["cmi.objectives.1.id", "gap", "201"],
    ["cmi.objectives.0.id", "two words", "405"],
    ["cmi.objectives.0.status", "passed", "0"],
    ["cmi.interactions.0.objectives.0.id", "o", "0"],
    ["cmi.interactions.0.result", "0.5", "0"],
    ["cmi.interactions.0.result", "fine", "405"],
    ["cmi.suspend_data", "x".repeat(64_000), "0"],
    ["cmi.suspend_data", "x".repeat(64_001), "405"],
    ["cmi.student_preference.audio", "-2", "405"],
    ["nothing", "x", "201"],
  ])("%s set, case %#", (name, value, code) => {
    const { api } = visit12();
    api.LMSInitialize("");
    expect([api.LMSSetValue(name, value), api.LMSGetLastError()]).toEqual([code === "0" ? "true" : "false", code]);
  });

  test("a list grows by one, and says how long it is", () => {
    const { api } = visit12();
    api.LMSInitialize("");
    for (const n of [0, 1, 2]) expect(api.LMSSetValue(`cmi.objectives.${n}.id`, `o${n}`)).toBe("true");
    expect(api.LMSGetValue("cmi.objectives._count")).toBe("3");
    expect(api.LMSGetValue("cmi.objectives.1.id")).toBe("o1");
    expect(api.LMSGetValue("cmi.objectives._children")).toBe("id,score,status");
  });

  test("a visit is gone on with: place, time and status are there, and entry says resume", () => {
    const first = visit12();
    first.api.LMSInitialize("");
    first.api.LMSSetValue("cmi.core.lesson_location", "page 3");
    first.api.LMSSetValue("cmi.core.lesson_status", "incomplete");
    first.api.LMSSetValue("cmi.core.session_time", "00:01:30");
    first.api.LMSSetValue("cmi.core.exit", "suspend");
    first.api.LMSFinish("");
    const second = visit12(decode(encode(first.told())));
    second.api.LMSInitialize("");
    expect(second.api.LMSGetValue("cmi.core.lesson_location")).toBe("page 3");
    expect(second.api.LMSGetValue("cmi.core.entry")).toBe("resume");
    expect(second.api.LMSGetValue("cmi.core.total_time")).toBe("0000:01:30.00");
    expect(second.api.LMSGetValue("cmi.core.lesson_status")).toBe("incomplete");
  });

  test("a visit that is cut off counts as suspended, and its time counts", () => {
    const first = visit12();
    first.api.LMSInitialize("");
    first.api.LMSSetValue("cmi.core.session_time", "00:00:10");
    first.api.LMSSetValue("cmi.suspend_data", "half");
    const second = visit12(decode(encode(first.told())));
    second.api.LMSInitialize("");
    expect(second.api.LMSGetValue("cmi.core.entry")).toBe("resume");
    expect(second.api.LMSGetValue("cmi.core.total_time")).toBe("0000:00:10.00");
    expect(second.api.LMSGetValue("cmi.suspend_data")).toBe("half");
  });

  test("another page of the same visit goes on where the first spoke", () => {
    const first = visit12();
    first.api.LMSInitialize("");
    first.api.LMSSetValue("cmi.suspend_data", "one");
    const second = visit12(first.told());
    expect(second.api.LMSGetValue("cmi.suspend_data")).toBe("one");
    expect(second.api.LMSFinish("")).toBe("true");
  });

  test.each([
    ["80", "60", "passed"],
    ["59.9", "60", "failed"],
    ["", "60", "completed"],
    ["10", undefined, "completed"],
  ])("a score of %j against a mastery of %j ends as %s", (raw, mastery, status) => {
    const { api, told } = visit12(NEW, sco(mastery === undefined ? {} : { mastery }));
    api.LMSInitialize("");
    if (raw) api.LMSSetValue("cmi.core.score.raw", raw);
    api.LMSFinish("");
    expect(told().values["cmi.core.lesson_status"]).toBe(status);
  });
});

describe("SCORM 2004", () => {
  test("each state has errors of its own", () => {
    const { api } = visit2004();
    const last = (call: () => unknown) => {
      call();
      return api.GetLastError();
    };
    expect(last(() => api.GetValue("cmi.location"))).toBe("122");
    expect(last(() => api.SetValue("cmi.location", "x"))).toBe("132");
    expect(last(() => api.Commit(""))).toBe("142");
    expect(last(() => api.Terminate(""))).toBe("112");
    expect(last(() => api.Initialize("x"))).toBe("201");
    expect(last(() => api.Initialize(""))).toBe("0");
    expect(last(() => api.Initialize(""))).toBe("103");
    expect(last(() => api.Terminate(""))).toBe("0");
    expect(last(() => api.GetValue("cmi.location"))).toBe("123");
    expect(last(() => api.SetValue("cmi.location", "x"))).toBe("133");
    expect(last(() => api.Commit(""))).toBe("143");
    expect(last(() => api.Terminate(""))).toBe("113");
    expect(last(() => api.Initialize(""))).toBe("104");
    expect(api.GetErrorString("104")).toBe("Content Instance Terminated");
  });

  test.each([
    ["cmi._version", "1.0", "0"],
    ["cmi.completion_status", "unknown", "0"],
    ["cmi.location", "", "403"],
    ["cmi.exit", "", "405"],
    ["cmi.nothing", "", "401"],
    ["cmi.objectives.0.id", "", "301"],
    ["cmi.objectives._count", "0", "0"],
    ["cmi.location._children", "", "301"],
    ["cmi.score._children", "scaled,raw,min,max", "0"],
    ["", "", "301"],
  ])("%s read, case %#", (name, value, code) => {
    const { api } = visit2004();
    api.Initialize("");
    expect([api.GetValue(name), api.GetLastError()]).toEqual([value, code]);
  });

  test.each([
    ["cmi.score.scaled", "1.1", "407"],
    ["cmi.score.scaled", "half", "406"],
    ["cmi.score.scaled", "-0.5", "0"],
    ["cmi.completion_status", "passed", "406"],
    ["cmi.completion_status", "not attempted", "0"],
    ["cmi.progress_measure", "2", "407"],
    ["cmi.session_time", "PT1H5M", "0"],
    ["cmi.session_time", "1:00:00", "406"],
    ["cmi.learner_id", "x", "404"],
    ["cmi.objectives._count", "3", "404"],
    ["cmi.objectives.0.score.scaled", "1", "408"],
    ["cmi.objectives.1.id", "o", "351"],
    ["cmi.interactions.0.type", "choice", "408"],
    ["cmi.interactions.0.id", "urn:x", "0"],
    ["cmi.suspend_data", "x".repeat(64_000), "0"],
    ["cmi.nothing", "x", "401"],
    ["adl.nav.request", "continue", "0"],
    ["adl.nav.request", "{target=i2}choice", "0"],
    ["adl.nav.request", "away", "406"],
  ])("%s set, case %#", (name, value, code) => {
    const { api } = visit2004();
    api.Initialize("");
    expect([api.SetValue(name, value), api.GetLastError()]).toEqual([code === "0" ? "true" : "false", code]);
  });

  test("with a passing score the platform says who passed", () => {
    const { api, told } = visit2004(NEW, sco({ mastery: "0.7" }));
    api.Initialize("");
    api.SetValue("cmi.score.scaled", "0.69");
    api.SetValue("cmi.success_status", "passed");
    expect(api.GetValue("cmi.success_status")).toBe("failed");
    api.SetValue("cmi.score.scaled", "0.7");
    api.Terminate("");
    expect(told().values["cmi.success_status"]).toBe("passed");
  });
});

test("a package's result is the mean of its scores, and done when all of it is", () => {
  const kept = (values: Record<string, string>): Kept => ({ values, total: 30, exit: "", run: "ended" });
  const passed = kept({
    "cmi.score.scaled": "0.9",
    "cmi.success_status": "passed",
    "cmi.completion_status": "completed",
  });
  const failed = kept({
    "cmi.score.scaled": "0.2",
    "cmi.success_status": "failed",
    "cmi.completion_status": "completed",
  });
  const results = [passed, failed].map((one) => resultOf("2004", sco(), one));
  expect(together(results)).toEqual({ scorePpm: 550_000, isCompleted: true, isPassed: false, seconds: 60 });
  expect(together([results[0] ?? resultOf("2004", sco(), NEW), resultOf("2004", sco(), NEW)]).isCompleted).toBe(false);
  const raw = kept({ "cmi.core.score.raw": "15", "cmi.core.score.min": "10", "cmi.core.score.max": "20" });
  expect(resultOf("1.2", sco(), raw).scorePpm).toBe(500_000);
  expect(resultOf("1.2", { id: "a", title: "Asset", path: "a.png" }, NEW).isCompleted).toBe(false);
  expect(resultOf("1.2", { id: "a", title: "Asset", path: "a.png" }, kept({})).isCompleted).toBe(true);
});

test("what is too long to be kept loses its lists of answers first, never where one is", () => {
  const values: Record<string, string> = { "cmi.suspend_data": "x".repeat(64_000) };
  for (let n = 0; n < 100; n += 1) values[`cmi.interactions.${n}.learner_response`] = "y".repeat(1_000);
  const back = decode(encode({ values, total: 1, exit: "suspend", run: "open" }));
  expect(Object.keys(back.values)).toEqual(["cmi.suspend_data"]);
  const wide = decode(
    encode({ ...NEW, values: { "cmi.suspend_data": "字".repeat(64_000), "cmi.comments": "字".repeat(40_000) } }),
  );
  expect(Object.keys(wide.values)).toEqual(["cmi.suspend_data"]);
  expect(decode('{"values": null}')).toEqual(NEW);
  expect(decode("not json")).toEqual(NEW);
});

test("times are read and written as the editions do", () => {
  expect(["0001:02:03.5", "PT1H2M3.5S", "P1DT1S", "nothing"].map(secondsOf)).toEqual([3723.5, 3723.5, 86_401, 0]);
  expect([clockOf(3723.5), isoOf(3723.5), isoOf(0), isoOf(3600)]).toEqual([
    "0001:02:03.50",
    "PT1H2M3.5S",
    "PT0S",
    "PT1H",
  ]);
});
