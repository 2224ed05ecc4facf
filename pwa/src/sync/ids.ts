/** Ids: born on the phone (UUIDv7), or derived from a natural key (UUIDv5) so that two phones' twins meet. */

const NAMESPACE = "6f1d1a52-4d8a-5e0b-9a55-2f6f1c1b7a10"; // Of every derived id, for ever.

/** A UUIDv7: its first 48 bits are the wall clock, the rest is random. Order is never read from it. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  new DataView(bytes.buffer).setUint32(0, Math.floor(Date.now() / 0x10000));
  new DataView(bytes.buffer).setUint16(4, Date.now() % 0x10000);
  return format(bytes, 7);
}

/** UUIDv5 of `collection:key:key`, keys in lower case and in the declared order. */
export async function derivedId(collection: string, ...keys: readonly string[]): Promise<string> {
  const name = new TextEncoder().encode([collection, ...keys.map((key) => key.toLowerCase())].join(":"));
  const space = Uint8Array.from(NAMESPACE.replaceAll("-", "").match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const input = new Uint8Array(space.length + name.length);
  input.set(space);
  input.set(name, space.length);
  return format(new Uint8Array(await crypto.subtle.digest("SHA-1", input)).slice(0, 16), 5);
}

function format(bytes: Uint8Array, version: number): string {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | (version << 4);
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
