/** A stream that says only "something moved". A hint: without it the poll finds the same, later. */

import type { Wire } from "./request.js";

const SILENCE_MS = 5 * 60 * 1000; // A stream that says nothing for so long may be dead without knowing it.
const RETRY_MS_MAX = 60_000;

/** Listen until `signal` is aborted, opening the stream again whenever it ends. `onOpen` says whether one is open. */
export async function listen(
  wire: Wire,
  buckets: readonly string[],
  token: () => Promise<string | null>,
  signal: AbortSignal,
  heard: { readonly moved: () => void; readonly open: (isOpen: boolean) => void },
): Promise<void> {
  for (let retryMs = 1000; !signal.aborted; retryMs = Math.min(RETRY_MS_MAX, retryMs * 2)) {
    const query = new URLSearchParams(buckets.map((bucket) => ["bucket", bucket]));
    const url = `${wire.baseUrl}/api/v1/sync/live${buckets.length > 0 ? `?${query}` : ""}`;
    const isGood = await readOnce(wire, url, await token(), signal, heard).catch(() => false);
    heard.open(false);
    if (isGood) retryMs = 1000;
    await pause(retryMs * (0.5 + Math.random()), signal);
  }
}

async function readOnce(
  wire: Wire,
  url: string,
  token: string | null,
  signal: AbortSignal,
  heard: Parameters<typeof listen>[4],
): Promise<boolean> {
  if (token === null) return false;
  const quiet = new AbortController();
  const end = () => quiet.abort();
  signal.addEventListener("abort", end);
  let timer = setTimeout(end, SILENCE_MS);
  try {
    const headers = { Accept: "text/event-stream", Authorization: `Bearer ${token}` };
    const response = await wire.fetch(url, {
      headers,
      signal: quiet.signal,
      cache: "no-store",
    });
    if (!response.ok || !response.body || !response.headers.get("Content-Type")?.startsWith("text/event-stream"))
      return false;
    heard.open(true);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let tail = ""; ; ) {
      const { done, value } = await reader.read();
      if (done) return true;
      clearTimeout(timer);
      timer = setTimeout(end, SILENCE_MS);
      const lines = (tail + value).split("\n");
      tail = lines.pop() ?? "";
      if (lines.some((line) => line.startsWith("data:") && line.includes('"moved"'))) heard.moved();
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
