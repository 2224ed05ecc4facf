/** Parts of the app that not every phone keeps: the service worker brings them, once, and with every version from then on. */

const PATIENCE_MS = 60_000; // Of a service worker that was ended in the middle of it, or of before, which says nothing.

export type Kept = "studio" | "packages";

/** As the service worker notes it; a browser without one keeps nothing, and misses nothing. */
export const isKept = async (part: Kept): Promise<boolean> =>
  !("serviceWorker" in navigator) || (await caches.match(`/.kept/${part}`)) !== undefined;

/** Raises TypeError when it did not come: what did is not asked for again by the next try. */
export async function keepPart(part: Kept): Promise<void> {
  const { active } = await navigator.serviceWorker.ready;
  const { port1, port2 } = new MessageChannel();
  await new Promise((resolve) => {
    port1.onmessage = resolve;
    setTimeout(resolve, PATIENCE_MS);
    active?.postMessage(`keep the ${part}`, [port2]);
  });
  port1.close();
  if (!(await isKept(part))) throw new TypeError(`the ${part} did not come`);
}
