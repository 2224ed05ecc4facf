/** Open the store, show the shell, then sync. The service worker comes after the first paint. */

import "./ui/tokens.css";
import "./ui/base.css";
import "./app/shell.css";
import { effect } from "@preact/signals";
import { h, render } from "preact";
import { startRouter } from "./app/router.ts";
import { ROUTES } from "./app/routes.ts";
import { engine, people, wake } from "./app/session.ts";
import { Shell } from "./app/shell.tsx";
import { installServiceWorker } from "./app/update.ts";
import { preferredLanguage, speak } from "./words/index.ts";

async function start(): Promise<void> {
  await Promise.all([speak(preferredLanguage()), wake()]);
  await startRouter(ROUTES, (route) => {
    if (route.open || engine.peek()) return null;
    return people.peek().length > 0 ? "/people" : "/sign-in";
  });
  const root = document.getElementById("root");
  if (!root) throw new Error("index.html has no #root");
  render(h(Shell, {}), root);
  effect(() => {
    const opened = engine.value; // Goes on with the downloads that were begun. Not on this phone yet: with the next screen.
    if (opened) import("./media/use.ts").then(({ downloadsOf }) => downloadsOf(opened)).catch(() => undefined);
  });
  requestAnimationFrame(() => setTimeout(installServiceWorker));
  // Hints that it may be worth trying now, no more: whether there is a network is measured.
  addEventListener("online", () => engine.peek()?.sync());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && engine.peek()?.sync());
}

void start();
