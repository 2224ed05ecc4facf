/** A chunk of its own, so that the rest of hash-wasm falls away and this part is fetched when somebody signs in. */

export { argon2id } from "hash-wasm";
