/** SHA-256 of files that do not fit into memory, a slice at a time. A chunk of its own: fetched when somebody sends one. */

import { createSHA256 } from "hash-wasm";

export interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): string; // 64 hexadecimal digits
}

export async function newHasher(): Promise<Hasher> {
  const hasher = await createSHA256();
  hasher.init();
  return { update: (bytes) => void hasher.update(bytes), digest: () => hasher.digest("hex") };
}
