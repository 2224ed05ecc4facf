/** What a package expects around it and does not have here: stored data, cookies, a window above with the platform in it. */

import type { Api12 } from "../scorm/api12.ts";
import type { Api2004 } from "../scorm/api2004.ts";

export interface Apis {
  readonly API?: Api12;
  readonly API_1484_11?: Api2004;
}

/** Lives as long as the page: a package that asks for storage is not stopped, and what it puts there is gone with it. */
class Shelf {
  readonly #texts = new Map<string, string>();
  get length(): number {
    return this.#texts.size;
  }
  key(index: number): string | null {
    return [...this.#texts.keys()][index] ?? null;
  }
  getItem(name: string): string | null {
    return this.#texts.get(String(name)) ?? null;
  }
  setItem(name: string, value: string): void {
    this.#texts.set(String(name), String(value));
  }
  removeItem(name: string): void {
    this.#texts.delete(String(name));
  }
  clear(): void {
    this.#texts.clear();
  }
}

const give = (on: object, name: string, value: unknown) =>
  Object.defineProperty(on, name, { value, configurable: true, writable: true });

export function surround(apis: Apis): void {
  Object.assign(window, apis);
  give(window, "localStorage", new Shelf());
  give(window, "sessionStorage", new Shelf());
  let cookies: readonly string[] = [];
  Object.defineProperty(Document.prototype, "cookie", {
    configurable: true,
    get: () => cookies.join("; "),
    set: (text: unknown) => {
      const pair = String(text).split(";")[0] ?? "";
      cookies = [...cookies.filter((one) => one.split("=")[0] !== pair.split("=")[0]), pair];
    },
  });
  const above: Record<string, unknown> = {
    ...apis,
    closed: false,
    frames: [],
    length: 0,
    location: { href: "", search: "", hash: "" },
    document: document.implementation.createHTMLDocument(""), // Empty, and asked like any other.
  };
  for (const name of ["parent", "top", "window", "self"]) above[name] = above;
  for (const name of ["postMessage", "addEventListener", "removeEventListener", "focus", "close"]) {
    above[name] = () => undefined;
  }
  give(window, "parent", above);
  give(window, "opener", above);
  give(window, "frameElement", null);
  give(window, "alert", () => undefined); // The browser lets no frame of another origin ask: it would answer for the person.
  give(window, "confirm", () => true);
  give(window, "prompt", () => null);
  give(window, "close", () => undefined);
  for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "WebTransport", "WebSocket", "EventSource"]) {
    give(window, name, undefined); // Ways out that not every browser's header closes.
  }
}
