/** The id of a file before any server knows it: of whose it is, its bytes and its terms. */

import { derivedId } from "#sync";

const hex = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

export async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return hex(await crypto.subtle.digest("SHA-256", bytes));
}

export async function fileIdOf(userId: string, sha256: string, licence: string, attribution: string): Promise<string> {
  const terms = await sha256Of(new TextEncoder().encode(`${licence}\n${attribution}`));
  return await derivedId("media.files", userId, sha256, terms);
}
