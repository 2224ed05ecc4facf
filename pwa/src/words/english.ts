/** The areas: words that only some screens need, each in a folder of four languages, fetched with the screen.
 *
 * A new area is a folder and a line here; the first part of its keys is its name. Only for the build and for types.
 */

export { en as authoring } from "./authoring/en.ts";
export { en as bank } from "./bank/en.ts";
export { en as jobs } from "./jobs/en.ts";
export { en as library } from "./library/en.ts";
export { en as packages } from "./packages/en.ts";
export { en as play } from "./play/en.ts";
export { en as portable } from "./portable/en.ts";
export { en as uploads } from "./uploads/en.ts";
