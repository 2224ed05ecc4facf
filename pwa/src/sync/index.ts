/** The phone engine's public door: rows to show, wishes to make, and how both stand. No screen imports anything deeper. */

export { derivedId, newId } from "./ids.ts";
export type * from "./types.ts";

import type { Engine, OpenOptions } from "./types.ts";

/** Open one person's store on this phone and keep it in step with the server. Never waits for the network. */
export declare function openEngine(options: OpenOptions): Promise<Engine>;
