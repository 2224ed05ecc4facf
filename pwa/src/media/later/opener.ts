/** What opens packages from elsewhere, on phones that have some: with it they open with no network. */

import { hasOpener } from "../shelf.ts";

const PATIENCE_MS = 60_000; // Of a service worker that was ended in the middle of it, or of before, which says nothing.

/** No file of a course: the service worker brings it, once. Raises TypeError when it did not come. */
export async function keepOpener(): Promise<void> {
  const { active } = await navigator.serviceWorker.ready;
  const { port1, port2 } = new MessageChannel();
  await new Promise((resolve) => {
    port1.onmessage = resolve;
    setTimeout(resolve, PATIENCE_MS);
    active?.postMessage("keep the packages", [port2]);
  });
  port1.close();
  if (!(await hasOpener())) throw new TypeError("what opens packages did not come");
}
