/**
 * AES-GCM around each stored value.
 *
 *     | iv 12 bytes | ciphertext | tag 16 bytes |
 *
 * The place of a value (its key path) is bound to it as additional data: a sealed chunk moved elsewhere does not open.
 */

const IV_BYTES = 12;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export type Sealed = Uint8Array<ArrayBuffer>;
export type Place = readonly (string | number)[];

/** The value does not open: another key, another place, or damaged bytes. */
export class Damaged extends Error {
  override readonly name = "Damaged";
}

export async function seal(key: CryptoKey, place: Place, plain: Uint8Array<ArrayBuffer>): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const body = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: bytesOf(place) }, key, plain);
  const sealed = new Uint8Array(IV_BYTES + body.byteLength);
  sealed.set(iv);
  sealed.set(new Uint8Array(body), IV_BYTES);
  return sealed;
}

/** Raises: Damaged. */
export async function open(key: CryptoKey, place: Place, sealed: Sealed): Promise<Uint8Array<ArrayBuffer>> {
  const iv = sealed.subarray(0, IV_BYTES);
  try {
    const algorithm = { name: "AES-GCM", iv, additionalData: bytesOf(place) };
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, sealed.subarray(IV_BYTES)));
  } catch (cause) {
    throw new Damaged(`Nothing opens at ${place.join("/")}.`, { cause });
  }
}

export const sealJson = (key: CryptoKey, place: Place, value: unknown): Promise<Sealed> =>
  seal(key, place, encoder.encode(JSON.stringify(value)));

export const openJson = async (key: CryptoKey, place: Place, sealed: Sealed): Promise<unknown> =>
  JSON.parse(decoder.decode(await open(key, place, sealed)));

function bytesOf(place: Place): Uint8Array<ArrayBuffer> {
  return encoder.encode(JSON.stringify(place));
}
