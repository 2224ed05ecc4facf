/** A chunk of its own: only files of more than one piece need a hash that grows with them. */

export { createSHA256 } from "hash-wasm";
