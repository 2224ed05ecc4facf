/** Refused ops of which this phone holds a summary: fetched whole when somebody opens them, or takes all away as a file. */

import type { Mine } from "./mine.js";
import type { Wire } from "./request.js";
import { type HeldOp, madeWhole } from "./standing.js";

const STALLS = 4; // 256 KB over a thin link take longer than the head of an answer.

/** What the person asked for cannot be done with this wish now. Nothing changed. */
export class NotNow extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The op as its author's phone wrote it. Raises NotNow; also where it was settled meanwhile. */
export async function fetchWhole(
  { fetch, baseUrl, stallMs }: Wire,
  held: HeldOp | undefined,
  token: () => Promise<string | null>,
): Promise<HeldOp> {
  if (held && !held.isShort) return held;
  try {
    const response = await fetch(`${baseUrl}/api/v1/sync/ops/${held?.id}`, {
      headers: { Authorization: `Bearer ${await token()}` },
      signal: AbortSignal.timeout(STALLS * stallMs),
      cache: "no-store",
    });
    if (held && response.ok) return madeWhole(held, await response.text());
  } catch {} // No connection, no name, cut, or another's page: all the same to the person.
  throw new NotNow("wish.not_here", "The server does not answer.");
}

/** Unsent and refused work as JSON; what is not to be had now stands there as its summary. */
export async function exported(
  mine: Mine,
  held: readonly HeldOp[],
  open: (held: HeldOp) => Promise<HeldOp>,
  now: number,
): Promise<string> {
  const isKept = ({ shelf, wish }: ReturnType<Mine["list"]>[number]) =>
    shelf === "outbox" || wish.receipt?.outcome === "parked";
  const wishes = mine.list().flatMap((entry) => (isKept(entry) ? [entry.wish] : []));
  const own = new Set(wishes.map(({ identity }) => identity));
  const parked = held.filter(({ outcome }) => outcome === "parked");
  const refused = await Promise.all(parked.map((op) => (own.has(op.identity) ? op : open(op).catch(() => op))));
  return JSON.stringify({ exported_at: new Date(now).toISOString(), device: mine.device.id, wishes, refused }, null, 1);
}
