/** Where a film's bytes come from, and where its player stopped. */

import { useEffect, useState } from "preact/hooks";
import { accessToken } from "../../app/auth.ts";
import { request } from "../../app/http.ts";
import { readFile } from "../../media/files.ts";

const PLACES_MAX = 200;
const BEGUN_S = 5; // Less is no place to go back to,
const ENDED_S = 10; // and so near the end it begins anew.

/**
 * The address of a kept file: the service worker's, which reads pieces as they are wanted; where none is in charge yet, or
 * after `retry`, one of the browser's own for the same pieces.
 */
export function useAddress(sha256: string | undefined): { address: string | undefined; retry: () => void } {
  const [isOwn, setOwn] = useState(() => !navigator.serviceWorker?.controller);
  const [made, setMade] = useState<string>();
  useEffect(() => {
    if (!isOwn || sha256 === undefined) return;
    let address: string | undefined;
    let isGone = false;
    void readFile(sha256).then((blob) => {
      if (!blob || isGone) return;
      address = URL.createObjectURL(blob);
      setMade(address);
    });
    return () => {
      isGone = true;
      if (address) URL.revokeObjectURL(address);
    };
  }, [sha256, isOwn]);
  if (sha256 === undefined) return { address: undefined, retry: () => undefined };
  return { address: isOwn ? made : `/media/${sha256}`, retry: () => setOwn(true) };
}

/** An address that plays with no header, for a day at most. Raises Refused. */
export async function streamAddress(userId: string, sha256: string): Promise<string> {
  const headers = { authorization: `Bearer ${(await accessToken(userId)) ?? ""}` };
  const { capability } = await request<{ capability: string }>("GET", "/api/v1/media/capability", { headers });
  return `/media/${capability}/${sha256}`;
}

const keyOf = (userId: string) => `spark-played-${userId}`;

/** Seconds from the beginning. */
export function readPlayed(userId: string, fileId: string, duration: number): number {
  const at = places(userId)[fileId] ?? 0;
  return at < BEGUN_S || at > duration - ENDED_S ? 0 : at;
}

export function keepPlayed(userId: string, fileId: string, player: HTMLMediaElement): void {
  if (!Number.isFinite(player.duration) || player.currentTime === 0) return;
  const { [fileId]: _before, ...others } = places(userId);
  const kept = [...Object.entries(others), [fileId, Math.round(player.currentTime)]].slice(-PLACES_MAX);
  localStorage.setItem(keyOf(userId), JSON.stringify(Object.fromEntries(kept)));
}

function places(userId: string): Record<string, number> {
  const stored = localStorage.getItem(keyOf(userId));
  return stored === null ? {} : (JSON.parse(stored) as Record<string, number>); // Written by keepPlayed alone.
}
