/** From a password to a wrapping key: slow on purpose, and slower for whoever guesses on a graphics card. */

const ARGON2 = { name: "argon2id", memoryKib: 19 * 1024, passes: 2 } as const; // OWASP's floor; 54 ms here, 280 ms on a slow phone.
const PBKDF2 = { name: "pbkdf2", passes: 600_000 } as const; // Where WebAssembly is forbidden.
const SALT_BYTES = 16;

export type Kdf = (typeof ARGON2 | typeof PBKDF2) & { readonly salt: Uint8Array<ArrayBuffer> };

export async function newKdf(): Promise<Kdf> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  return (await mayRunWasm()) ? { ...ARGON2, salt } : { ...PBKDF2, salt };
}

/** An AES-KW key. The password is taken in Unicode form NFKC, so that every keyboard spells it alike. */
export async function wrappingKey(kdf: Kdf, password: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(password.normalize("NFKC"));
  const raw = kdf.name === "argon2id" ? await argon2(kdf, bytes) : await pbkdf2(kdf, bytes);
  return await crypto.subtle.importKey("raw", raw, "AES-KW", false, ["wrapKey", "unwrapKey"]);
}

export async function warm(): Promise<void> {
  await import("./argon2.js");
}

async function argon2(kdf: Extract<Kdf, { name: "argon2id" }>, password: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const { argon2id } = await import("./argon2.js"); // Ten kilobytes that only signing in needs.
  const hash = await argon2id({
    password,
    salt: kdf.salt,
    memorySize: kdf.memoryKib,
    iterations: kdf.passes,
    parallelism: 1,
    hashLength: 32,
    outputType: "binary",
  });
  return new Uint8Array(hash);
}

async function pbkdf2(
  kdf: Extract<Kdf, { name: "pbkdf2" }>,
  password: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: kdf.salt, iterations: kdf.passes };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, 256));
}

const EMPTY_MODULE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);

async function mayRunWasm(): Promise<boolean> {
  if (typeof WebAssembly === "undefined") return false;
  return await WebAssembly.compile(EMPTY_MODULE).then(
    () => true,
    () => false, // A content security policy without 'wasm-unsafe-eval'.
  );
}
