import { beforeEach, expect, test, vi } from "vitest";
import { hurry, insist } from "../../src/app/insist.ts";
import { eventually } from "../support/wait.ts";

let answers: Map<string, Response | Error>;
let asked: string[];
let reloads: number;
let isShown: boolean;

beforeEach(() => {
  answers = new Map();
  asked = [];
  reloads = 0;
  isShown = true;
  vi.resetModules();
  vi.stubGlobal("navigator", { onLine: false }); // So that a try is one request.
  vi.stubGlobal("location", { reload: () => reloads++ });
  vi.stubGlobal("document", { querySelector: () => (isShown ? {} : null) });
  vi.stubGlobal("fetch", async (address: string) => {
    asked.push(address);
    const answer = answers.get(address) ?? new TypeError("network");
    if (answer instanceof Error) throw answer;
    return answer.clone();
  });
});

const script = () => new Response("export {}", { headers: { "content-type": "text/javascript" } });
const fresh = () => import("../../src/app/bring.ts");

test("the browser is told of a script once all that it needs is here, and what came is not asked for again", async () => {
  const { bring, Stuck } = await fresh();
  const load = vi.fn(async () => "loaded");
  const files = ["assets/a.js", "assets/b.js"];
  answers.set("/assets/a.js", script());
  await expect(bring(load, files)).rejects.toBeInstanceOf(TypeError);
  answers.set("/assets/b.js", new Response("<h1>Sign in</h1>", { headers: { "content-type": "text/html" } }));
  const failed = await bring(load, files).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(TypeError); // Whoever owns the network said it, and not our server.
  expect(failed).not.toBeInstanceOf(Stuck);
  expect(load).not.toHaveBeenCalled();

  answers.set("/assets/b.js", script());
  expect(await bring(load, files)).toBe("loaded");
  expect(asked.sort()).toEqual(["/assets/a.js", "/assets/b.js", "/assets/b.js", "/assets/b.js"]);
});

test("a script that needs no other is known by the text of what loads it", async () => {
  const { bring } = await fresh();
  const load = Object.assign(async () => "loaded", { toString: () => "()=>import(`./en-8lEhuH_i.js`)" }); // As it is built.
  await expect(bring(load, [])).rejects.toBeInstanceOf(TypeError);
  answers.set("/assets/en-8lEhuH_i.js", script());
  expect(await bring(load)).toBe("loaded");
});

test("a script of a version that is no more, or that the browser does not take, comes with the page loaded anew", async () => {
  const { bring, Stuck } = await fresh();
  answers.set("/assets/old.js", new Response("{}", { status: 404 }));
  answers.set("/assets/new.js", script());
  const refused = () => Promise.reject(new TypeError("Failed to fetch dynamically imported module"));
  await expect(bring(refused, ["assets/old.js"])).rejects.toBeInstanceOf(Stuck);
  await expect(bring(refused, ["assets/new.js"])).rejects.toBeInstanceOf(Stuck);
  expect(reloads).toBe(0); // Something may be written on what is shown.

  const kinds = vi.spyOn(performance, "getEntriesByType");
  isShown = false;
  kinds.mockReturnValue([{ type: "reload" } as PerformanceNavigationTiming]);
  await expect(bring(refused, ["assets/new.js"])).rejects.toBeInstanceOf(Stuck);
  expect(reloads).toBe(0); // Once is enough.
  kinds.mockReturnValue([{ type: "navigate" } as PerformanceNavigationTiming]);
  await expect(bring(refused, ["assets/new.js"])).rejects.toBeInstanceOf(Stuck);
  expect(reloads).toBe(1);
});

test("what is asked for later is asked for until it is here, more and more seldom, or at once when somebody says so", async () => {
  const pauses = vi.spyOn(globalThis, "setTimeout");
  const [came, notYet] = [vi.fn(), vi.fn()];
  let left = 6;
  const load = vi.fn(async () => (left-- > 0 ? Promise.reject(new TypeError("cut")) : "here"));
  insist(load, came, notYet);
  for (let tries = 1; tries <= 6; tries++) {
    await eventually(() => expect(notYet).toHaveBeenCalledTimes(tries));
    await Promise.resolve(); // It rests now.
    hurry();
  }
  await eventually(() => expect(came).toHaveBeenCalledWith("here"));
  const rests = pauses.mock.calls.map(([, ms]) => ms).filter((ms) => Number(ms) >= 1_000 && Number(ms) <= 15_000);
  expect(rests).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  hurry();
  expect(load).toHaveBeenCalledTimes(7);
});

test("nobody waits any more after it was ended, and what is no matter of the network is asked for once", async () => {
  const [came, notYet] = [vi.fn(), vi.fn()];
  const stop = insist(async () => "late", came, notYet);
  stop();
  insist(() => Promise.reject(new Error("a bug")), came, notYet);
  await eventually(() => expect(notYet).toHaveBeenCalledTimes(1));
  hurry();
  await new Promise((resolve) => setTimeout(resolve));
  expect([came.mock.calls, notYet.mock.calls.length]).toEqual([[], 1]);
});
