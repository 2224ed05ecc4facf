/** The service worker's life, seen from the page. A new version waits until the person takes it; queued work lies in
 * IndexedDB and is not touched. */

import { effect } from "@preact/signals";
import { insist, untilHere } from "./insist.ts";
import { keepPart } from "./keeping.ts";
import { path } from "./router.ts";
import { engine } from "./session.ts";
import { update } from "./shell-state.ts";

const LOOK_EVERY_MS = 3_600_000;
const STUDIO_DOOR = /^\/(teach|staff)(\/|$)/;
const IN_ATTEMPT = /^\/attempts\/[^/]+$/;

export async function installServiceWorker(): Promise<void> {
  if (!("serviceWorker" in navigator) || import.meta.env.MODE !== "production") return;
  let isTaking = false;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (isTaking) location.reload();
  });
  const registration = await untilHere(keepAll).catch(() => null); // Refused by the browser: the app works without.
  if (!registration) return;
  const offer = (worker: ServiceWorker) => {
    update.value = () => {
      isTaking = true;
      worker.postMessage("take over");
    };
  };
  if (registration.waiting && navigator.serviceWorker.controller) offer(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker?.addEventListener("statechange", () => {
      if (worker.state === "installed" && navigator.serviceWorker.controller) offer(worker);
    });
  });
  const look = () => void registration.update().catch(() => undefined); // Offline: the next look will do.
  setInterval(look, LOOK_EVERY_MS);
  takeWhenNeeded(look);
  keepStudio();
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look());
}

/** Raises TypeError when the link was cut before the first version was here whole: what came is not asked for again. */
async function keepAll(): Promise<ServiceWorkerRegistration> {
  const registration = await navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" });
  const first = registration.active ? null : registration.installing;
  if (!first) return registration;
  return new Promise((resolve, reject) => {
    first.addEventListener("statechange", () => {
      if (first.state === "redundant") reject(new TypeError("cut off"));
      else resolve(registration);
    });
  });
}

/** Whoever opens the door of those who make courses has their screens on this phone from then on. */
function keepStudio(): void {
  const stop = effect(() => {
    if (!STUDIO_DOOR.test(path.value)) return;
    queueMicrotask(() => stop()); // Asked once a visit.
    insist(() => keepPart("studio"));
  });
}

/** The server sends nothing more to this version: look for the newer one, and take it at the next change of screens. */
function takeWhenNeeded(look: () => void): void {
  let [isNeeded, before] = [false, path.peek()];
  const take = () => isNeeded && !IN_ATTEMPT.test(path.peek()) && update.peek()?.();
  effect(() => {
    const is = engine.value?.status.value.problem === "upgrade";
    if (is && !isNeeded) look();
    isNeeded = is;
  });
  effect(() => {
    if (path.value !== before) take();
    before = path.value;
  });
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && take());
}
