/** Files of a lesson on the screen that its course's rows do not name. */

import { signal } from "@preact/signals";
import type { MediaFile } from "../../app/rows.ts";

/** Those that this phone itself has, of lessons that are written on it: shown until the server has made its own of them. */
export const ownFiles = signal<ReadonlyMap<string, string>>(new Map()); // Addresses by file id. Few, and gone with the page.

export type Weighed = ReadonlyMap<string, MediaFile>;

/** Those of a lesson that is read over the network, by id; null: its course is here. */
export const weighed = signal<Weighed | null>(null);
