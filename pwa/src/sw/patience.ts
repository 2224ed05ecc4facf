/** Scripts over links that are cut: asked for again, because a page that imports one never does so by itself. */

const PAUSES_MS = [250, 750, 1_500];

/** The whole answer, its body here already. Raises TypeError when there is no network, or it went again and again. */
export async function fetchWhole(what: string | Request, options: RequestInit = {}): Promise<Response> {
  for (const pause of PAUSES_MS) {
    try {
      return await whole(await fetch(what, options));
    } catch (error) {
      if (!(error instanceof TypeError) || navigator.onLine === false) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return await whole(await fetch(what, options));
}

async function whole(response: Response): Promise<Response> {
  const headers = new Headers(response.headers);
  headers.delete("content-encoding"); // The body was unpacked by the fetch.
  headers.delete("content-length");
  return new Response(await response.arrayBuffer(), { status: response.status, headers });
}
