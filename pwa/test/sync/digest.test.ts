import { expect, test } from "vitest";
import { derivedId, newId } from "../../src/sync/ids.js";
import { digestLine, digestText } from "../../src/sync/worker/digest.js";
import { chunkLines, chunkOf, rowLine, storedRows } from "../../src/sync/worker/lines.js";
import { Damaged, open, seal } from "../../src/sync/worker/seal.js";
import { newKey } from "./support/phone.js";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const hex = ([hi, lo]: readonly [number, number]) => digestText({ count: 0, hi, lo }).slice(2);

test("a line's digest is the first half of its MD5 (vectors of RFC 1321)", () => {
  expect(hex(digestLine(bytesOf("")))).toBe("d41d8cd98f00b204");
  expect(hex(digestLine(bytesOf("a")))).toBe("0cc175b9c0f1b6a8");
  expect(hex(digestLine(bytesOf("message digest")))).toBe("f96b697d7cb7938d");
  expect(hex(digestLine(bytesOf("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")))).toBe(
    "d174ab98d277d9f5",
  );
  expect(hex(digestLine(bytesOf("1234567890".repeat(8))))).toBe("57edf4a22be3c955");
});

test("two rows that change alike do not cancel out", () => {
  const sum = (lines: string[]) =>
    lines.map((line) => digestLine(bytesOf(line))).reduce(([h, l], [a, b]) => [h ^ a, l ^ b]);
  expect(sum(['[1,{"id":"a","t":"x"}]', '[1,{"id":"b","t":"x"}]'])).not.toEqual(
    sum(['[1,{"id":"a","t":"y"}]', '[1,{"id":"b","t":"y"}]']),
  );
});

test("a chunk gives back its lines, byte for byte, and its rows in their order", () => {
  const lines = ['[3,{"id":"a","title":"Ўзбек \\"тил\\""}]', '[4,"b"]', '[5,{"id":"a","title":"later"}]'].map((line) =>
    rowLine(bytesOf(line)),
  );
  const chunk = chunkOf(lines.flatMap((line) => line ?? []));

  expect(chunkLines(chunk).map(({ id, gone }) => [id, gone])).toEqual([
    ["a", false],
    ["b", true],
    ["a", false],
  ]);
  expect([...storedRows(chunk)].map(([id, stored]) => [id, stored?.version ?? null])).toEqual([
    ["a", 3],
    ["b", null],
    ["a", 5],
  ]);
});

test("what is no row line is not taken for one", () => {
  for (const text of ['{"mark":{}}', "[1,2]", '[1,{"title":"no id first"}]', "<html>", ""])
    expect(rowLine(bytesOf(text))).toBeNull();
});

test("a sealed chunk opens with its key at its place only", async () => {
  const [key, other] = [await newKey(), await newKey()];
  const sealed = await seal(key, ["public", 1, "a.b", 7], bytesOf("hello"));

  expect(new TextDecoder().decode(await open(key, ["public", 1, "a.b", 7], sealed))).toBe("hello");
  await expect(open(key, ["public", 1, "a.b", 8], sealed)).rejects.toBeInstanceOf(Damaged);
  await expect(open(other, ["public", 1, "a.b", 7], sealed)).rejects.toBeInstanceOf(Damaged);
  expect(new TextDecoder("latin1").decode(sealed)).not.toContain("hello");
});

test("derived ids meet on every phone and on the server; born ids never do", async () => {
  // From Python: uuid5(UUID("6f1d1a52-4d8a-5e0b-9a55-2f6f1c1b7a10"), "catalog.progress:u1:l1")
  expect(await derivedId("catalog.progress", "U1", "l1")).toBe("74cf6259-4444-5ee1-8990-201ed6d8c653");
  const ids = new Set(Array.from({ length: 1000 }, newId));
  expect(ids.size).toBe(1000);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
