/** Makes room when the phone is full: media alone, and never what somebody here still waits for.
 *
 *   1  files that no wish names: seen once, or of a version that is no more
 *   2  what paused wishes hold
 *   3  what other people of this phone have not opened for a month
 *
 * Rows, the outbox, drafts and uploads lie elsewhere and are not looked at.
 */

import { openStore } from "../pieces.ts";
import { allWishes, type Wish } from "../wishes.ts";
import { deleteFile } from "./receiving.ts";

const LONG_AGO_MS = 30 * 86_400_000;

/** Delete until `bytes` are free, the least missed first. Returns what became free, by the size of what was deleted. */
export async function makeRoom(bytes: number, userId: string, now = Date.now()): Promise<number> {
  const wishes = await allWishes();
  const held = await sizes();
  let freed = 0;
  for (const sha256 of spare([...held.keys()], wishes, userId, now)) {
    if (freed >= bytes) break;
    await deleteFile(sha256);
    freed += held.get(sha256) ?? 0;
  }
  return freed;
}

function spare(held: readonly string[], wishes: readonly Wish[], userId: string, now: number): readonly string[] {
  const byUse = [...wishes].sort((a, b) => a.usedAt - b.usedAt);
  const isOld = (wish: Wish) => wish.userId !== userId && now - wish.usedAt > LONG_AGO_MS;
  const given = [...byUse.filter((wish) => wish.isPaused), ...byUse.filter((wish) => !wish.isPaused && isOld(wish))];
  const needed = new Set(wishes.filter((wish) => !given.includes(wish)).flatMap((wish) => wish.files));
  const named = new Set(wishes.flatMap((wish) => wish.files));
  const nobodys = held.filter((sha256) => !named.has(sha256));
  const theirs = given.flatMap((wish) => wish.files).filter((sha256) => !needed.has(sha256) && held.includes(sha256));
  return [...new Set([...nobodys, ...theirs])];
}

async function sizes(): Promise<ReadonlyMap<string, number>> {
  const store = await openStore();
  const held = new Map<string, number>();
  for (const { url } of await store.keys()) {
    const address = new URL(url).pathname;
    const sha256 = address.split("/")[2] ?? "";
    const size = (await (await store.match(address))?.blob())?.size ?? 0;
    held.set(sha256, (held.get(sha256) ?? 0) + size);
  }
  return held;
}
