/** The engine's script, which may not come: over a link that was cut, or in a browser that does not know its kind. */

import { beforeEach, expect, test, vi } from "vitest";
import type { OpenOptions } from "../../src/sync/index.ts";

let made: Scripted[] = [];

class Scripted {
  onerror: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  isEnded = false;

  constructor() {
    made.push(this);
  }

  postMessage(message: { id?: number; call?: string }): void {
    if (message.call === "open" && made.indexOf(this) > 0)
      this.onmessage?.(
        new MessageEvent("message", { data: { answer: message.id, value: { deviceId: "d", wanted: [] } } }),
      );
  }

  terminate(): void {
    this.isEnded = true;
  }
}

const OPTIONS = {
  userId: "u",
  shared: false,
  token: async () => null,
  overlay: { merge: {} },
} as unknown as OpenOptions; // Nothing else is asked for here.

beforeEach(() => {
  made = [];
  vi.resetModules();
  vi.stubGlobal("Worker", Scripted);
});

test("who opens a store hears that the engine's script did not come, and the next try brings another", async () => {
  const { openEngine } = await import("../../src/sync/index.ts");
  const opening = openEngine(OPTIONS);
  made[0]?.onerror?.(new Event("error"));
  await expect(opening).rejects.toBeInstanceOf(TypeError);
  expect(made[0]?.isEnded).toBe(true);

  expect((await openEngine(OPTIONS)).deviceId).toBe("d");
});

test("a script that was to be brought before it was needed and did not come is asked for again", async () => {
  const { openEngine, warmEngine } = await import("../../src/sync/index.ts");
  warmEngine();
  made[0]?.onerror?.(new Event("error"));

  expect((await openEngine(OPTIONS)).deviceId).toBe("d");
  expect(made.length).toBe(2);
});
