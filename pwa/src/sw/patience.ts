/** Scripts over links that are cut: asked for again, because a page that imports one never does so by itself. */

const PAUSES_MS = [250, 750, 1_500];
const STALL_MS = 30_000; // A link that gives no byte for so long is dead; a slow one is not.

/** The whole answer, its body here already. Raises TypeError when there is no network, or it went again and again. */
export async function fetchWhole(what: string | Request, options: RequestInit = {}): Promise<Response> {
  for (const pause of PAUSES_MS) {
    try {
      return await fetchOnce(what, options);
    } catch (error) {
      if (!(error instanceof TypeError) || navigator.onLine === false) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return await fetchOnce(what, options);
}

async function fetchOnce(what: string | Request, options: RequestInit): Promise<Response> {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const isAlive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(), STALL_MS);
  };
  try {
    isAlive();
    return await whole(await fetch(what, { ...options, signal: abort.signal }), isAlive);
  } catch (error) {
    throw abort.signal.aborted ? new TypeError("the link is dead") : error;
  } finally {
    clearTimeout(timer);
  }
}

async function whole(response: Response, isAlive: () => void): Promise<Response> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const reader = response.body?.getReader();
  for (let piece = await reader?.read(); piece?.value; piece = await reader?.read()) {
    isAlive();
    pieces.push(piece.value);
  }
  const headers = new Headers(response.headers);
  headers.delete("content-encoding"); // The body was unpacked by the fetch.
  headers.delete("content-length");
  return new Response(new Blob(pieces), { status: response.status, headers });
}
