/** The engine as this app opens it: brought beside the first screen, which needs none of it. */

export { openEngine, warmEngine } from "#sync";
export { overlay } from "./overlay.ts";
