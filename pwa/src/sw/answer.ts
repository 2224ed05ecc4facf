/** Which requests the phone answers by itself. */

import { answerMedia } from "./media.ts";
import { fetchWhole } from "./patience.ts";
import { isOurs, match } from "./precache.ts";

const SERVERS_OWN = /^\/(api|files|media|uploads|packages|health|openapi|api-docs|metrics)(\/|\.|$)/;
const FRAME = /^\/packages\/frame(\/|$)/; // The same document, whatever page of a package it is to show.

/** An answer from this phone, or undefined: the request goes its usual way to the server. */
export function answer(request: Request): Promise<Response> | undefined {
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return undefined;
  if (address.pathname.startsWith("/media/")) return answerMedia(request);
  if (FRAME.test(address.pathname)) return fromPhone("/packages/frame", request); // Its header comes with it.
  if (SERVERS_OWN.test(address.pathname)) return undefined;
  if (request.mode === "navigate") return fromPhone("/", request);
  if (isOurs(address.pathname) || address.pathname.startsWith("/assets/")) return fromPhone(address.pathname, request);
  return undefined;
}

async function fromPhone(address: string, request: Request): Promise<Response> {
  return (await match(address)) ?? (request.mode === "navigate" ? fetch(request) : fetchWhole(request));
}
