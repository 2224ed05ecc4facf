/**
 * The people of this phone, and the keys that only they can make.
 *
 *     password ──argon2id──► wrapping key ──AES-KW──► storage key ──AES-GCM──► everything stored
 *
 * The storage key is random and never leaves memory, unless a person chooses to stay unlocked: then it lies on this phone,
 * readable to whoever can read the phone's files, until they sign out. Names and addresses of people are not secret here:
 * the phone must show who may unlock it.
 */

import { keyName, MINE_MAX, mineName, PEOPLE, packedName, rowsName, uploadsName, workName } from "../sync/names.js";
import { dropDatabase } from "../sync/worker/db.js";
import type { Kdf } from "./kdf.js";
import { readAll, readOne, removeOne, writeOne } from "./store.js";

export interface Person {
  readonly userId: string;
  readonly name: string;
  readonly email: string;
  readonly shared: boolean; // Others use this phone too: nothing opens without the password.
  readonly stayUnlocked: boolean;
}

interface Wrap {
  readonly kdf: Kdf;
  readonly wrapped: Uint8Array<ArrayBuffer>; // 40 bytes
}

interface Enrolled extends Person {
  readonly wraps: readonly Wrap[]; // Newest first. Older ones open what was sealed before a password was changed elsewhere.
}

const USES: KeyUsage[] = ["encrypt", "decrypt"];
const WRAPS_MAX = MINE_MAX;

const passwords = () => import("./kdf.js"); // Nothing of it is needed until somebody types one.

/** The twin of a key handed out that can be wrapped again; what is handed out cannot be read even by our own page. */
const wrappable = new WeakMap<CryptoKey, CryptoKey>();

/** In the order of their names. */
export async function people(): Promise<Person[]> {
  const all = await readAll<Enrolled>(PEOPLE);
  return all.map(({ wraps: _, ...person }) => person).sort((a, b) => a.name.localeCompare(b.name));
}

/**
 * Make a person of this phone. Their storage key is new, unless it is kept here unlocked: then the new password opens what
 * the old one did. Otherwise what the old one sealed stays, and opens again with the old password.
 */
export async function enrol(person: Person, password: string): Promise<CryptoKey> {
  const known = await readOne<Enrolled>(PEOPLE, person.userId);
  const kept = await keptTwin(person.userId);
  const twin = kept ?? (await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, USES));
  const wraps = [await wrap(twin, password), ...(kept ? [] : (known?.wraps ?? []))].slice(0, WRAPS_MAX);
  await writeOne(PEOPLE, person.userId, {
    ...person,
    stayUnlocked: kept !== null && person.stayUnlocked,
    wraps,
  } satisfies Enrolled);
  return await handedOut(twin);
}

/** Open a person's key with no network. Null: not this password, or nobody of this phone. */
export async function unlock(userId: string, password: string): Promise<CryptoKey | null> {
  const known = await readOne<Enrolled>(PEOPLE, userId);
  for (const { kdf, wrapped } of known?.wraps ?? []) {
    const wrapper = await (await passwords()).wrappingKey(kdf, password);
    try {
      return await handedOut(await crypto.subtle.unwrapKey("raw", wrapped, wrapper, "AES-KW", "AES-GCM", true, USES));
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      // AES-KW checks itself: another password, or one that opens an older wrap.
    }
  }
  return null;
}

/** Bring what a password needs. */
export const warm = async (): Promise<void> => await (await passwords()).warm();

/** Keep the key on this phone, in a database of its own so that it can be deleted for good. Whoever reads the phone's files can read it. */
export async function stayUnlocked(userId: string, key: CryptoKey): Promise<void> {
  await writeOne(keyName(userId), "key", wrappable.get(key) ?? key);
  await change(userId, { stayUnlocked: true, shared: false });
}

/** The key of a person who stays unlocked; null: they must give their password. */
export async function keptKey(userId: string): Promise<CryptoKey | null> {
  const twin = await keptTwin(userId);
  return twin === null ? null : await handedOut(twin);
}

/** Lock. What was not sent yet stays on the phone, sealed, and opens with the password only. */
export async function signOut(userId: string): Promise<void> {
  await dropDatabase(indexedDB, keyName(userId));
  await change(userId, { stayUnlocked: false });
}

/** Remove a person and all that is theirs from this phone, unsent work included. Ask first. */
export async function forget(userId: string): Promise<void> {
  await dropDatabase(indexedDB, keyName(userId));
  await dropDatabase(indexedDB, uploadsName(userId));
  await dropDatabase(indexedDB, workName(userId));
  for (let place = 1; place <= MINE_MAX; place++) {
    await dropDatabase(indexedDB, mineName(userId, place));
    await dropDatabase(indexedDB, rowsName(userId, place));
    await dropDatabase(indexedDB, packedName(userId, place));
  }
  await removeOne(PEOPLE, userId);
}

async function change(userId: string, part: Partial<Person>): Promise<void> {
  const known = await readOne<Enrolled>(PEOPLE, userId);
  if (known) await writeOne(PEOPLE, userId, { ...known, ...part });
}

async function keptTwin(userId: string): Promise<CryptoKey | null> {
  const known = await readOne<Enrolled>(PEOPLE, userId);
  if (!known?.stayUnlocked) return null;
  return (await readOne<CryptoKey>(keyName(userId), "key")) ?? null;
}

async function wrap(twin: CryptoKey, password: string): Promise<Wrap> {
  const { newKdf, wrappingKey } = await passwords();
  const kdf = await newKdf();
  const wrapped = await crypto.subtle.wrapKey("raw", twin, await wrappingKey(kdf, password), "AES-KW");
  return { kdf, wrapped: new Uint8Array(wrapped) };
}

async function handedOut(twin: CryptoKey): Promise<CryptoKey> {
  if (!twin.extractable) return twin;
  const key = await crypto.subtle.importKey("raw", await crypto.subtle.exportKey("raw", twin), "AES-GCM", false, USES);
  wrappable.set(key, twin);
  return key;
}
