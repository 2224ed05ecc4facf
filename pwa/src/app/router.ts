/** Addresses to screens. The screen of before stays until the next one's script is here, so nothing blinks. */

import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import type { Area } from "../words/areas.ts";
import { insist } from "./insist.ts";
import { learn } from "./later.ts";

export type Params = Readonly<Record<string, string>>;
export type Screen = ComponentType<{ params: Params }>;
export interface Route {
  readonly pattern: string; // "/courses/:courseId"
  readonly load: () => Promise<Screen>;
  readonly open?: boolean; // Shown without anybody signed in.
  readonly area?: Area; // Further words that it needs.
}
export interface Shown {
  readonly route: Route;
  readonly params: Params;
  readonly screen: Screen;
  readonly path: string;
}

export const path = signal(location.pathname);
export const query = signal(new URLSearchParams(location.search));
export const shown = signal<Shown | null>(null);
export const failed = signal<unknown>(null);

let routes: readonly Route[] = [];
let guard: (route: Route) => string | null = () => null;
let giveUp = () => {}; // Waiting for the screen that was wanted before.
const loaded = new Map<Route, Screen>();

export function matchRoute(pattern: string, address: string): Params | null {
  const wanted = pattern.split("/");
  const given = address.replace(/\/$/, "").split("/");
  if (pattern === "/") return given.length <= 1 ? {} : null;
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? "";
    if (part.startsWith(":")) params[part.slice(1)] = decodeURIComponent(value);
    else if (part !== value) return null;
  }
  return params;
}

/** `redirect` names the address to show instead of a route, or null. */
export function startRouter(all: readonly Route[], redirect: (route: Route) => string | null): Promise<void> {
  routes = all;
  guard = redirect;
  history.scrollRestoration = "manual";
  addEventListener("popstate", () => void show(history.state?.scroll ?? 0));
  addEventListener("click", followLink);
  addEventListener("pagehide", keepScroll);
  return show(history.state?.scroll ?? 0);
}

export function go(address: string, options: { replace?: boolean } = {}): void {
  keepScroll();
  history[options.replace ? "replaceState" : "pushState"]({ inside: true }, "", address);
  void show(0);
}

/** Back within the app, or to `fallback` when the person came straight here. */
export function back(fallback: string): void {
  if (history.state?.inside) history.back();
  else go(fallback, { replace: true });
}

/** Bring what an address needs, while nothing else is to be done. Without a network: then it comes when it is shown. */
export function prepare(address: string): void {
  const found = find(address);
  if (found) void fetchScreen(found.route).catch(() => undefined);
}

/** Where the person wanted to go before they had to say who they are. */
export function wanted(): string {
  const to = query.peek().get("to") ?? "/";
  return /^\/(?![/\\])/.test(to) ? to : "/";
}

/** Decide again what to show here, after somebody came or went. */
export function refresh(): Promise<void> {
  return show(0);
}

function keepScroll(): void {
  history.replaceState({ ...history.state, scroll: scrollY }, "");
}

function followLink(event: MouseEvent): void {
  const link = (event.target as Element).closest?.("a"); // A click's target inside a page is an element.
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || link.target || link.hasAttribute("download")) return;
  if (link.origin !== location.origin || link.pathname.startsWith("/api/") || link.hash) return;
  event.preventDefault();
  go(link.pathname + link.search);
}

/** Until it is shown, or it is known that it is not here yet: then it is shown once it is. */
async function show(scroll: number): Promise<void> {
  giveUp();
  const address = location.pathname;
  const found = find(address);
  const elsewhere = found && guard(found.route);
  if (!found || elsewhere) {
    if (address !== (elsewhere ?? "/")) go(elsewhere ?? "/", { replace: true });
    return;
  }
  await new Promise<void>((resolve) => {
    const came = (screen: Screen) => {
      failed.value = null;
      path.value = address;
      query.value = new URLSearchParams(location.search);
      shown.value = { ...found, screen, path: address };
      requestAnimationFrame(() => arrive(scroll));
      resolve();
    };
    const notYet = (why: unknown) => {
      failed.value = why;
      resolve();
    };
    const stop = insist(() => fetchScreen(found.route), came, notYet);
    giveUp = () => {
      stop();
      resolve();
    };
  });
}

async function fetchScreen(route: Route): Promise<Screen> {
  const [screen] = await Promise.all([loaded.get(route) ?? route.load(), route.area && learn(route.area)]);
  loaded.set(route, screen);
  return screen;
}

/** Screen readers and keyboards begin at the title of the new screen. */
function arrive(scroll: number): void {
  scrollTo(0, scroll);
  const title = document.querySelector<HTMLElement>("main h1");
  title?.setAttribute("tabindex", "-1");
  title?.focus({ preventScroll: true });
}

function find(address: string): { route: Route; params: Params } | null {
  for (const route of routes) {
    const params = matchRoute(route.pattern, address);
    if (params) return { route, params };
  }
  return null;
}
