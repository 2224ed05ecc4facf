/** Scripts and styles that come after the first: each asked for until it is here.
 *
 * A browser that was told of a script which then did not come remembers that until the page is loaded anew: HTML asked for
 * it until 2026, and phones keep their browsers for years. So it is told of none whose bytes do not lie in its cache yet.
 * The build puts `bring` around every `import()` (`build/lazy.ts`).
 */

import { fetchWhole } from "../sw/patience.ts";

/** The network is there and the script is not to be had, or not taken: it comes when the page is loaded anew. */
export class Stuck extends TypeError {}

const ALONE = /[\w-]+\.js/; // In the text of what loads it, as the build writes it: `() => import("./en-8lEhuHWi.js")`.
const here = new Map<string, Promise<void>>(); // By file; also what is on its way.

/**
 * `needed`: the script and what it needs, or nothing where it needs no other. Raises TypeError where they did not come: the
 * next call asks again.
 */
export async function bring<T>(load: () => Promise<T>, needed: readonly string[] = []): Promise<T> {
  try {
    const files = needed.length > 0 ? needed : (String(load).match(ALONE) ?? []).map((name) => `assets/${name}`);
    await Promise.all(files.map(fetchOnce));
    await Promise.all(files.filter((file) => file.endsWith(".css")).map(wear)); // In this order, whichever came first.
    return await load().catch((error: unknown) => {
      throw error instanceof TypeError ? new Stuck(error.message) : error;
    });
  } catch (error) {
    if (error instanceof Stuck && mayBeginAnew()) location.reload();
    throw error;
  }
}

function fetchOnce(file: string): Promise<void> {
  const coming = here.get(file) ?? fetchFile(file);
  here.set(file, coming);
  coming.catch(() => here.delete(file));
  return coming;
}

async function fetchFile(file: string): Promise<void> {
  const response = await fetchWhole(`/${file}`);
  if (response.status === 404) throw new Stuck(file); // Of a version that is no more.
  const type = response.headers.get("content-type") ?? "";
  if (!response.ok || type.startsWith("text/html")) throw new TypeError(file); // Not ours: a page of whoever owns the network.
}

function wear(file: string): Promise<void> {
  const href = `/${file}`;
  if (document.querySelector(`link[href="${href}"]`)) return Promise.resolve();
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
  return new Promise((resolve, reject) => {
    link.onload = () => resolve();
    link.onerror = () => {
      link.remove();
      reject(new TypeError(file));
    };
    document.head.append(link);
  });
}

/** Nothing was shown yet, so that nothing can be lost; and once, not again and again. */
function mayBeginAnew(): boolean {
  const [visit] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[]; // What that type names.
  return !document.querySelector("main") && visit?.type !== "reload";
}
