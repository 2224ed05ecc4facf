/** Files that this phone itself has, of lessons that are written on it: shown until the server has made its own of them. */

import { signal } from "@preact/signals";

export const ownFiles = signal<ReadonlyMap<string, string>>(new Map()); // Addresses by file id. Few, and gone with the page.
