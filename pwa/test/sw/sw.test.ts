import { beforeEach, expect, test, vi } from "vitest";
import { MemoryCaches, sha256 } from "../support/caches.ts";

let memory: MemoryCaches;
let server: Map<string, string>;
let asked: string[];

beforeEach(() => {
  memory = new MemoryCaches();
  server = new Map();
  asked = [];
  vi.stubGlobal("caches", memory);
  vi.stubGlobal("location", { origin: "https://spark.example" });
  vi.stubGlobal("fetch", async (request: string | { url: string }) => {
    const address = typeof request === "string" ? request : request.url;
    asked.push(address);
    const body = server.get(address);
    return new Response(body ?? "not found", { status: body === undefined ? 404 : 200 });
  });
});

type Files = Readonly<Record<string, string>>;

/** Put on the server, and named as the build names them. */
function listed(files: Files) {
  for (const [address, body] of Object.entries(files)) server.set(address, body);
  return Promise.all(
    Object.entries(files).map(async ([address, body]) => [address, (await sha256(body)).slice(0, 16)]),
  );
}

/** A service worker of the version that holds these files, as the build makes it. */
async function version(name: string, files: Files, studio: Files = {}, packages: Files = {}) {
  vi.stubGlobal("__FILES__", await listed(files));
  vi.stubGlobal("__STUDIO__", await listed(studio));
  vi.stubGlobal("__PACKAGES__", await listed(packages));
  vi.stubGlobal("__VERSION__", name);
  vi.resetModules();
  return { ...(await import("../../src/sw/precache.ts")), ...(await import("../../src/sw/answer.ts")) };
}

const get = (path: string, mode = "no-cors") =>
  ({ url: `https://spark.example${path}`, method: "GET", mode, headers: new Headers() }) as unknown as Request; // What the worker reads of one.

const ONE = { "/": "shell 1", "/assets/core.js": "core 1", "/assets/same.css": "same" };
const TWO = { "/": "shell 2", "/assets/core2.js": "core 2", "/assets/same.css": "same" };

test("every screen opens from the phone once the app is kept", async () => {
  const worker = await version("1", ONE);
  await worker.fillCache();
  server.clear();

  expect(await (await worker.answer(get("/courses/x", "navigate")))?.text()).toBe("shell 1");
  expect(await (await worker.answer(get("/assets/core.js")))?.text()).toBe("core 1");
});

test("what is the server's own is never answered from the phone", async () => {
  const worker = await version("1", ONE);
  await worker.fillCache();
  for (const path of [
    "/api/v1/sync",
    "/media/abc",
    `/media/capability/${"a".repeat(64)}`,
    "/uploads/abc/0",
    "/packages/abc/x",
    "/health/ready",
    "/openapi.json",
  ]) {
    expect(worker.answer(get(path)), path).toBeUndefined();
    expect(worker.answer(get(path, "navigate")), path).toBeUndefined();
  }
  expect(worker.answer({ ...get("/"), url: "https://elsewhere.example/" } as Request)).toBeUndefined();
});

test("an update costs only the bytes that changed", async () => {
  await (await version("1", ONE)).fillCache();
  asked = [];
  await (await version("2", TWO)).fillCache();
  expect(asked.sort()).toEqual(["/", "/assets/core2.js"]);
});

test("a version that does not arrive whole is not kept, and the one before stays", async () => {
  const one = await version("1", ONE);
  await one.fillCache();
  const two = await version("2", TWO);
  server.set("/assets/core2.js", "core of another build");
  await expect(two.fillCache()).rejects.toThrow("/assets/core2.js");
  expect(await (await one.match("/"))?.text()).toBe("shell 1");
});

test("an interrupted installation goes on where it stopped", async () => {
  const one = await version("1", ONE);
  server.delete("/assets/core.js");
  await expect(one.fillCache()).rejects.toThrow("404");
  server.set("/assets/core.js", "core 1");
  asked = [];
  await one.fillCache();
  expect(asked).toEqual(["/assets/core.js"]);
});

test("a window of the version before still finds its scripts, one of the version before that does not", async () => {
  await (await version("1", ONE)).fillCache();
  const two = await version("2", TWO);
  await two.fillCache();
  await two.dropOldVersions();
  expect(await (await two.match("/assets/core.js"))?.text()).toBe("core 1");

  const three = await version("3", { "/": "shell 3" });
  await three.fillCache();
  await three.dropOldVersions();
  expect(await three.match("/assets/core.js")).toBeUndefined();
  expect(await (await three.match("/assets/core2.js"))?.text()).toBe("core 2");
});

const STUDIO = { "/assets/editor.js": "editor 1", "/assets/bank.js": "bank 1" };

test("the studio is left on the server until somebody opens its door", async () => {
  const worker = await version("1", ONE, STUDIO);
  await worker.fillCache();
  expect(asked).not.toContain("/assets/editor.js");

  await worker.fillStudio();
  server.clear();
  expect(await (await worker.answer(get("/assets/editor.js")))?.text()).toBe("editor 1");
});

test("a phone that keeps the studio keeps it through an update, for the bytes that changed", async () => {
  const one = await version("1", ONE, STUDIO);
  await one.fillCache();
  await one.fillStudio();
  asked = [];
  const two = await version("2", TWO, { "/assets/editor2.js": "editor 2", "/assets/bank.js": "bank 1" });
  await two.fillCache();
  expect(asked.sort()).toEqual(["/", "/assets/core2.js", "/assets/editor2.js"]);
});

test("half a studio is not taken for one: the next update does not wait for it", async () => {
  const one = await version("1", ONE, STUDIO);
  await one.fillCache();
  server.delete("/assets/bank.js");
  await expect(one.fillStudio()).rejects.toThrow("404");

  asked = [];
  await (await version("2", TWO, STUDIO)).fillCache();
  expect(asked).not.toContain("/assets/bank.js");
});

test("a script that a link cut off is asked for again, also when it broke off in the middle", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  const worker = await version("1", ONE, STUDIO);
  const [fetched, torn] = [fetch, new ReadableStream({ pull: (it) => it.error(new TypeError("cut")) })];
  const cuts = [() => Promise.reject(new TypeError("cut")), async () => new Response(torn)];
  vi.stubGlobal("fetch", (request: Request) => cuts.shift()?.() ?? fetched(new URL(request.url).pathname));

  const answer = worker.answer(get("/assets/editor.js"));
  await vi.runAllTimersAsync();
  expect(await (await answer)?.text()).toBe("editor 1");
  expect(cuts).toEqual([]);
  vi.useRealTimers();
});

test("a link that gives no byte for half a minute is taken for cut, before an answer and in the middle of one", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const worker = await version("1", ONE, STUDIO);
  const fetched = fetch;
  const ends = (signal: AbortSignal, end: (why: unknown) => void) =>
    signal.addEventListener("abort", () => end(new DOMException("aborted", "AbortError")));
  const dead = [
    (signal: AbortSignal) => new Promise<Response>((_, reject) => ends(signal, reject)),
    async (signal: AbortSignal) =>
      new Response(new ReadableStream({ start: (it) => ends(signal, (why) => it.error(why)) })),
  ];
  vi.stubGlobal(
    "fetch",
    (request: Request, { signal }: { signal: AbortSignal }) =>
      dead.shift()?.(signal) ?? fetched(new URL(request.url).pathname),
  );

  const answer = worker.answer(get("/assets/editor.js"));
  await vi.advanceTimersByTimeAsync(29_000);
  expect(dead).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(40_000);
  expect(await (await answer)?.text()).toBe("editor 1");
  vi.useRealTimers();
});

test("what opens packages comes with the first of them; every page of one gets the same document", async () => {
  const frame = { "/packages/frame": "frame 1" };
  const worker = await version("1", ONE, {}, frame);
  await worker.fillCache();
  expect(asked).not.toContain("/packages/frame");

  await worker.fillPackages();
  server.clear();
  for (const path of ["/packages/frame", "/packages/frame/res/pages/two.html?from=one"]) {
    expect(await (await worker.answer(get(path, "navigate")))?.text(), path).toBe("frame 1");
  }
  expect(worker.answer(get("/packages/framed", "navigate"))).toBeUndefined();
});
