/** The real link: JSON by fetch, parts by XMLHttpRequest, because fetch does not tell how much of a body has left. */

import { accessToken } from "../app/auth.ts";
import type { Answer, Link } from "./sender.ts";

const STALL_MS = 30_000;

interface Envelope {
  readonly data?: unknown;
  readonly error?: { readonly code?: string; readonly message?: string; readonly fields?: Record<string, string> };
}

export function linkOf(userId: string): Link {
  return {
    json: async (method, path, body) => {
      const token = await accessToken(userId).catch(() => null);
      if (token === null) return null;
      try {
        const response = await fetch(path, {
          method,
          headers: { authorization: `Bearer ${token}`, ...(body ? { "content-type": "application/json" } : {}) },
          credentials: "same-origin",
          cache: "no-store",
          signal: AbortSignal.timeout(STALL_MS),
          ...(body ? { body: JSON.stringify(body) } : {}),
        });
        return answerOf(response.status, await response.text(), (name) => response.headers.get(name));
      } catch {
        return null;
      }
    },
    put: (path, headers, body, onSent, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve(null);
        const going = new XMLHttpRequest();
        let timer = 0;
        const moved = () => {
          clearTimeout(timer);
          timer = setTimeout(() => going.abort(), STALL_MS); // A link that is dead and does not say so.
        };
        const over = (answer: Answer | null) => {
          clearTimeout(timer);
          signal.removeEventListener("abort", stop);
          resolve(answer);
        };
        const stop = () => going.abort();
        going.open("PUT", path);
        for (const [name, value] of Object.entries(headers)) going.setRequestHeader(name, value);
        going.setRequestHeader("content-type", "application/octet-stream");
        going.upload.onprogress = (event) => {
          moved();
          onSent(event.loaded);
        };
        going.onload = () => over(answerOf(going.status, going.responseText, (name) => going.getResponseHeader(name)));
        going.onerror = () => over(null);
        going.onabort = () => over(null);
        signal.addEventListener("abort", stop);
        moved();
        going.send(body);
      }),
  };
}

/** Null for what is not our server's: a captive portal, a proxy. */
function answerOf(status: number, text: string, header: (name: string) => string | null): Answer | null {
  const after = Number(header("retry-after") ?? Number.NaN);
  const empty = {
    status,
    code: "",
    message: "",
    fields: {},
    retryAfterS: Number.isNaN(after) ? null : after,
    data: null,
  };
  if (status === 204) return empty;
  if (!header("content-type")?.includes("json")) return null;
  try {
    const { data, error } = JSON.parse(text) as Envelope; // Our own server's, by its content type.
    const { code = "", message = "", fields = {} } = error ?? {};
    return { ...empty, code, message, fields, data };
  } catch {
    return null;
  }
}
