/** The service worker: the whole app on the phone, each version whole or not at all.
 *
 *   install    fetch what changed, copy what did not, check every hash; any failure leaves the old version in charge
 *   waiting    until the person takes the update, or all windows are closed: an attempt is never cut off
 *   studio     screens for those who make courses: kept once somebody has opened their door, then with every version
 *   packages  what opens packages from elsewhere: the same, once this phone has one
 *   activate   drop all versions but this and the one before (a window of the old version may still ask for its scripts)
 *
 * It never touches IndexedDB: queued work passes from version to version untouched. Rows are not its business; media it only
 * reads, for players that ask for it by address: the downloads bring it and let it go.
 */

import { answer } from "./answer.ts";
import { dropOldVersions, fillCache, fillPackages, fillStudio } from "./precache.ts";

declare const self: ServiceWorkerGlobalScope;

self.addEventListener("install", (event) => event.waitUntil(fillCache()));

self.addEventListener("activate", (event) => event.waitUntil(dropOldVersions().then(() => self.clients.claim())));

self.addEventListener("message", (event) => {
  if (event.data === "take over") void self.skipWaiting();
  const fill = { "keep the studio": fillStudio, "keep the packages": fillPackages }[String(event.data)];
  const tell = () => event.ports[0]?.postMessage(null); // That it has ended; how, the cache says, and who asked asks again.
  if (fill) event.waitUntil(fill().then(tell, tell));
});

self.addEventListener("fetch", (event) => {
  const answered = answer(event.request);
  if (answered) event.respondWith(answered);
});
