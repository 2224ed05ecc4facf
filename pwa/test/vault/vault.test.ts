import "fake-indexeddb/auto";
import { beforeEach, expect, test } from "vitest";
import { keyName, mineName } from "../../src/sync/names.js";
import { enrol, forget, keptKey, type Person, people, signOut, stayUnlocked, unlock } from "../../src/vault/index.js";

const AMINA: Person = {
  userId: "u-amina",
  name: "Amina",
  email: "amina@example.org",
  shared: true,
  stayUnlocked: false,
};
const BRIAN: Person = { ...AMINA, userId: "u-brian", name: "Brian", email: "brian@example.org" };
const iv = new Uint8Array(12);

const seal = (key: CryptoKey, text: string) =>
  crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, new TextEncoder().encode(text));
const open = async (key: CryptoKey, sealed: ArrayBuffer) =>
  new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed));
const names = async () => (await indexedDB.databases()).map(({ name }) => name);

beforeEach(async () => {
  for (const { userId } of await people()) await forget(userId);
});

test("the right password opens with no network what was sealed; a wrong one opens nothing", async () => {
  const key = await enrol(AMINA, "correct horse");
  const sealed = await seal(key, "mine");

  const again = await unlock("u-amina", "correct horse");

  expect(again && (await open(again, sealed))).toBe("mine");
  expect(again?.extractable).toBe(false);
  expect(await unlock("u-amina", "wrong")).toBeNull();
  expect(await unlock("u-nobody", "correct horse")).toBeNull();
});

test("the same password spelled by another keyboard is the same password", async () => {
  await enrol(AMINA, "caf\u00e9");
  expect(await unlock("u-amina", "cafe\u0301")).not.toBeNull();
});

test("people with the same password have different keys, and are listed by name", async () => {
  const [hers, his] = [await enrol(AMINA, "same"), await enrol(BRIAN, "same")];
  await expect(open(his, await seal(hers, "secret"))).rejects.toThrow();
  expect((await people()).map(({ name }) => name)).toEqual(["Amina", "Brian"]);
  expect(JSON.stringify(await people())).not.toContain("wrap");
});

test("whoever stays unlocked needs no password until they sign out, which deletes the key's database", async () => {
  const key = await enrol(AMINA, "pw");
  expect(await keptKey("u-amina")).toBeNull();
  await stayUnlocked("u-amina", key);
  const sealed = await seal(key, "mine");

  const kept = await keptKey("u-amina");
  expect(kept && (await open(kept, sealed))).toBe("mine");
  expect((await people())[0]).toMatchObject({ stayUnlocked: true, shared: false });

  await signOut("u-amina");
  expect(await keptKey("u-amina")).toBeNull();
  expect(await names()).not.toContain(keyName("u-amina"));
  expect(await unlock("u-amina", "pw")).not.toBeNull();
});

test("a password changed elsewhere: unlocked, the new one opens the old work; locked, the old one still does", async () => {
  const key = await enrol(AMINA, "old");
  await stayUnlocked("u-amina", key);
  const sealed = await seal(key, "unsent");
  const same = await enrol({ ...AMINA, stayUnlocked: true }, "new");
  expect(await open(same, sealed)).toBe("unsent");
  await signOut("u-amina");
  expect(await unlock("u-amina", "old")).toBeNull();

  const other = await enrol(AMINA, "newest");
  await expect(open(other, sealed)).rejects.toThrow();
  const before = await unlock("u-amina", "new");
  expect(before && (await open(before, sealed))).toBe("unsent");
});

test("forgetting a person removes all that is theirs", async () => {
  await enrol(AMINA, "pw");
  await new Promise((resolve) => {
    const request = indexedDB.open(mineName("u-amina"), 1);
    request.onsuccess = () => resolve(request.result.close());
  });
  await forget("u-amina");
  expect(await people()).toEqual([]);
  expect((await names()).filter((name) => name?.includes("u-amina"))).toEqual([]);
});
