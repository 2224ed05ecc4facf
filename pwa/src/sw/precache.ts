/** The app's files of one version, verified, in a cache of their own. */

import { fetchWhole } from "./patience.ts";

declare const __FILES__: readonly (readonly [address: string, hash: string])[];
declare const __STUDIO__: typeof __FILES__;
declare const __PACKAGES__: typeof __FILES__;
declare const __VERSION__: string;

const PREFIX = "spark-app-";
const NAME = PREFIX + __VERSION__;
const STUDIO_MARK = "/.kept/studio"; // No file: says that this phone keeps the studio too.
const PACKAGES_MARK = "/.kept/packages"; // The same of what opens packages from elsewhere.
const HASH_HEADER = "x-spark-hash";
const ADDRESSES = new Map(__FILES__);

export const isOurs = (address: string): boolean => ADDRESSES.has(address);

export class WrongFile extends Error {}

/** Raises WrongFile when the server already has another version, TypeError when the network went: the next look tries again. */
export async function fillCache(): Promise<void> {
  await fill(__FILES__);
  if (await match(STUDIO_MARK)) await fillStudio(); // Who teaches goes on teaching offline after an update.
  if (await match(PACKAGES_MARK)) await fillPackages();
}

/** Screens for those who make courses, kept from now on with every version. Raises as `fillCache` does; twice is once. */
export function fillStudio(): Promise<void> {
  return fillPart(__STUDIO__, STUDIO_MARK);
}

/** What opens packages: for phones that have one. As `fillStudio`. */
export function fillPackages(): Promise<void> {
  return fillPart(__PACKAGES__, PACKAGES_MARK);
}

async function fillPart(files: typeof __FILES__, mark: string): Promise<void> {
  await fill(files);
  await (await caches.open(NAME)).put(mark, new Response());
}

async function fill(files: typeof __FILES__): Promise<void> {
  const cache = await caches.open(NAME);
  // All are waited for, also after one failed: what came is not asked for again by the next try.
  const tries = await Promise.allSettled(
    files.map(async ([address, hash]) => {
      if (await cache.match(address)) return; // An earlier try came this far.
      const kept = await keptBefore(address, hash);
      await cache.put(address, kept ?? (await fetchChecked(address, hash)));
    }),
  );
  for (const one of tries) if (one.status === "rejected") throw one.reason;
}

/** The same file out of an older version costs no bytes. */
async function keptBefore(address: string, hash: string): Promise<Response | undefined> {
  for (const name of await versions()) {
    const found = await (await caches.open(name)).match(address);
    if (found?.headers.get(HASH_HEADER) === hash) return found;
  }
  return undefined;
}

async function fetchChecked(address: string, hash: string): Promise<Response> {
  const response = await fetchWhole(address, { cache: "no-cache", credentials: "same-origin" });
  if (!response.ok) throw new WrongFile(`${address}: ${response.status}`);
  const body = await response.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  const found = Array.from(digest.slice(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== hash) throw new WrongFile(address);
  const headers = new Headers(response.headers);
  headers.set(HASH_HEADER, hash);
  return new Response(body, { headers });
}

/** This version's file, else the one of the version before. */
export async function match(address: string): Promise<Response | undefined> {
  const own = await (await caches.open(NAME)).match(address);
  if (own) return own;
  for (const name of await versions()) {
    const found = await (await caches.open(name)).match(address);
    if (found) return found;
  }
  return undefined;
}

export async function dropOldVersions(): Promise<void> {
  const old = (await versions()).filter((name) => name !== NAME);
  await Promise.all(old.slice(0, -1).map((name) => caches.delete(name))); // Caches list in order of their making.
}

async function versions(): Promise<readonly string[]> {
  return (await caches.keys()).filter((name) => name.startsWith(PREFIX));
}
