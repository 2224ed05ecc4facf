/** Which file is sent next, and how long one is kept. */

import type { Kept, UploadState } from "./types.ts";

export const SMALL_BYTES = 8_388_608; // Kept as long as the journal, should the server lose its last hour.
export const KEPT_MS = 14 * 86_400_000;
export const ENDED: ReadonlySet<UploadState> = new Set(["ready", "refused", "failed"]);
export const OPEN: ReadonlySet<UploadState> = new Set(["waiting", "sending"]);

export interface Dues {
  readonly notBefore: ReadonlyMap<string, number>; // What the server put off, until when.
  readonly now: () => number;
}

/** A picture does not wait for a film. */
export function smallestDue(all: readonly Kept[], mine: (upload: Kept) => boolean, dues: Dues): Kept | undefined {
  const now = dues.now();
  return all
    .filter((one) => OPEN.has(one.state) && (dues.notBefore.get(one.id) ?? 0) <= now && mine(one))
    .sort((a, b) => a.bytes - b.bytes)[0];
}

/** Milliseconds until one that was put off is due; null: none is. */
export function untilDue(all: readonly Kept[], mine: (upload: Kept) => boolean, dues: Dues): number | null {
  const times = all.flatMap((one) =>
    OPEN.has(one.state) && mine(one) ? [dues.notBefore.get(one.id) ?? []].flat() : [],
  );
  return times.length === 0 ? null : Math.max(0, Math.min(...times) - dues.now());
}
