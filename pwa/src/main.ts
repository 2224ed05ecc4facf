/** Open the store, show the shell, then sync. The service worker comes after the first paint. */

import "./ui/tokens.css";
import "./ui/base.css";
import "./app/shell.css";
import { effect } from "@preact/signals";
import { h, render } from "preact";
import { hurry, insist, untilHere } from "./app/insist.ts";
import { untilQuiet } from "./app/quiet.ts";
import { startRouter } from "./app/router.ts";
import { ROUTES } from "./app/routes.ts";
import { engine, people, wake } from "./app/session.ts";
import { Shell } from "./app/shell.tsx";
import { preferredLanguage, speak } from "./words/index.ts";

async function start(): Promise<void> {
  if (!("DecompressionStream" in self && "timeout" in AbortSignal)) throw new Error("This browser is too old.");
  await Promise.all([untilHere(() => speak(preferredLanguage())), untilHere(wake)]);
  await startRouter(ROUTES, (route) => {
    if (route.open || engine.peek()) return null;
    const to = location.pathname === "/" ? "" : `?to=${encodeURIComponent(location.pathname)}`;
    return (people.peek().length > 0 ? "/people" : "/sign-in") + to;
  });
  const root = document.getElementById("root");
  if (!root) throw new Error("index.html has no #root");
  render(h(Shell, {}), root);
  effect(() => {
    const opened = engine.value; // Goes on with the downloads that were begun. Not on this phone yet: with the next screen.
    if (!opened) return undefined;
    return insist(
      () => import("./media/use.ts"),
      ({ downloadsOf }) => downloadsOf(opened),
    );
  });
  requestAnimationFrame(() => setTimeout(keepPage));
  // Hints that it may be worth trying now, no more: whether there is a network is measured.
  addEventListener("online", () => {
    hurry();
    engine.peek()?.sync();
  });
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && engine.peek()?.sync());
}

async function keepPage(): Promise<void> {
  await untilQuiet();
  const manifest = Object.assign(document.createElement("link"), { rel: "manifest", href: "/manifest.webmanifest" });
  document.head.append(manifest); // Here, for it is of no use before.
  const { installServiceWorker } = await untilHere(() => import("./app/update.ts"));
  await installServiceWorker();
}

start().catch((error) => {
  document.body.classList.add("stuck"); // Its words stand in index.html: they need no script.
  throw error;
});
