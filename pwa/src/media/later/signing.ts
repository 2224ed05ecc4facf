/** What the server signed, checked by the keys that this phone was told when somebody signed in. */

import { SIGNING_KEYS } from "../../app/auth.ts";
import { isSignedBy } from "./ed25519.ts";

/** `unknown`: signed by a key that this phone was never told. */
export type Verdict = "good" | "bad" | "unknown";

/** `signature` as the server writes it: `{"key": id, "signature": base64url}`. */
export async function judge(purpose: string, body: Uint8Array<ArrayBuffer>, signature: string): Promise<Verdict> {
  const { key: id, signature: signed } = readRecord(signature);
  if (typeof id !== "string" || typeof signed !== "string") return "bad";
  const key = knownKeys().find((one) => one.id === id)?.key;
  if (typeof key !== "string") return "unknown";
  const said = new Uint8Array([...new TextEncoder().encode(`${purpose}\n`), ...body]);
  return (await isSignedBy(bytesOf(key), bytesOf(signed), said)) ? "good" : "bad";
}

function knownKeys(): readonly Readonly<Record<string, unknown>>[] {
  const stored: unknown = JSON.parse(localStorage.getItem(SIGNING_KEYS) ?? "[]"); // As auth.ts wrote it.
  return Array.isArray(stored) ? stored : [];
}

function readRecord(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}
