/** Requests to our own server, and its refusals as values that a screen can show. */

const STALL_MS = 30_000;

/** `code` is the server's, or `network.offline` when it could not be reached. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 0,
    readonly fields: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

interface Envelope<T> {
  success: boolean;
  data?: T;
  error?: { code: string; message: string; fields?: Record<string, string> };
}

/** Raises Refused. An answer that is not ours (a captive portal, a proxy) counts as offline. */
export async function request<T>(
  method: string,
  path: string,
  options: { body?: unknown; headers?: HeadersInit } = {},
): Promise<T> {
  const headers = new Headers(options.headers);
  if (options.body !== undefined) headers.set("content-type", "application/json");
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(STALL_MS),
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
  } catch {
    throw new Refused("network.offline", "");
  }
  return unwrap<T>(response);
}

export async function unwrap<T>(response: Response): Promise<T> {
  if (!response.headers.get("content-type")?.includes("json"))
    throw new Refused("network.offline", "", response.status);
  const envelope = (await response.json()) as Envelope<T>; // Our own server's envelope, by its content type.
  if (envelope.success && envelope.data !== undefined) return envelope.data;
  const { code = "server.bug", message = "", fields = {} } = envelope.error ?? {};
  throw new Refused(code, message, response.status, fields);
}
