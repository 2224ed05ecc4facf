/** Whether bytes may cost money here, as far as the browser says so. */

import { signal } from "@preact/signals";

type Connection = EventTarget & { readonly type?: string };

const connection = (globalThis.navigator as { connection?: Connection } | undefined)?.connection; // Not in every browser.
const read = () => connection?.type === undefined || /^(wifi|ethernet)$/.test(connection.type);

/** False: a mobile network, or one that the browser does not know. True too where it tells nothing. */
export const isOnWifi = signal(read());
connection?.addEventListener?.("change", () => {
  isOnWifi.value = read();
});

/** Only then is "Wi-Fi only" a promise that can be kept. */
export const knowsWifi = connection?.type !== undefined;
