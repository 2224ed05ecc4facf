/** Ed25519 as we check it, beside another's: the runtime's own. */

import { beforeEach, expect, test } from "vitest";
import { isSignedBy } from "../../src/media/later/ed25519.ts";
import { judge } from "../../src/media/later/signing.ts";
import { newPhone } from "../support/phone.ts";

const hex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

beforeEach(() => {
  newPhone();
});

// RFC 8032, 7.1: key, message, signature.
test.each([
  [
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  ],
  [
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  ],
  [
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  ],
])("what RFC 8032 signs is signed, and nothing else (%#)", async (key, message, signature) => {
  const [k, m, s] = [hex(key), hex(message), hex(signature)];
  expect(await isSignedBy(k, s, m)).toBe(true);
  expect(await isSignedBy(k, s, new Uint8Array([...m, 0]))).toBe(false);
  for (const at of [0, 31, 32, 63]) {
    const other = s.slice();
    other[at] = (other[at] ?? 0) ^ 1;
    expect(await isSignedBy(k, other, m)).toBe(false);
  }
  expect(await isSignedBy(k, s.slice(0, 63), m)).toBe(false);
  expect(await isSignedBy(new Uint8Array(32).fill(0xff), s, m)).toBe(false);
});

test("the same signature, written in a second way, is none", async () => {
  const { key, sign } = await signer();
  const signature = await sign(new Uint8Array([1]));
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  let s = signature.slice(32).reduceRight((all, byte) => all * 256n + BigInt(byte), 0n) + order;
  const second = signature.slice();
  for (let i = 32; i < 64; i += 1, s /= 256n) second[i] = Number(s % 256n);
  expect(await isSignedBy(key, signature, new Uint8Array([1]))).toBe(true);
  expect(await isSignedBy(key, second, new Uint8Array([1]))).toBe(false);
});

async function signer() {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  const key = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const sign = async (body: Uint8Array<ArrayBuffer>) =>
    new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, body));
  return { key, sign };
}

const base64url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

test("a phone believes the keys that it was told, the one before a change too, each for its purpose", async () => {
  const [now, before, other] = await Promise.all([signer(), signer(), signer()]);
  const told = [now, before].map(({ key }, place) => ({ id: `${place}`, key: base64url(key) }));
  localStorage.setItem("spark-signing-keys", JSON.stringify(told));
  const body = new TextEncoder().encode("a list");
  const said = async (id: string, { sign }: typeof now, purpose = "spark-pack") =>
    JSON.stringify({ key: id, signature: base64url(await sign(new TextEncoder().encode(`${purpose}\na list`))) });
  expect(await judge("spark-pack", body, await said("0", now))).toBe("good");
  expect(await judge("spark-pack", body, await said("1", before))).toBe("good");
  expect(await judge("spark-pack", body, await said("0", other))).toBe("bad");
  expect(await judge("spark-pack", body, await said("0", now, "something-else"))).toBe("bad");
  expect(await judge("spark-pack", body, await said("2", other))).toBe("unknown");
  for (const nothing of ["", "null", "[]", '{"key":1}', '{"key":"0","signature":"*"}'])
    expect(await judge("spark-pack", body, nothing)).toBe("bad");
});
