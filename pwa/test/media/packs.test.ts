import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { holding, readFile } from "../../src/media/files.ts";
import { bringFile } from "../../src/media/later/bringing.ts";
import { readAbout } from "../../src/media/later/pack-list.ts";
import { openPack, rowsIn, takePack, writePack } from "../../src/media/later/packs.ts";
import { PIECE_BYTES } from "../../src/media/pieces.ts";
import { film, hashOf, Server } from "../support/film.ts";
import { newPhone } from "../support/phone.ts";

const COURSE = { id: "0190aaaa-bbbb-7ccc-8ddd-eeeeffff0000", title: "Physics" };
const BODIES = [film(2 * PIECE_BYTES + 99, 31), film(700, 32)];
let server: Server;

/** A pack as the phone of before made it; then a phone that holds nothing. */
async function packed(): Promise<Blob> {
  newPhone();
  server = new Server();
  const files = BODIES.map((body) => server.add(body));
  const ask = (sha256: string) => server.answer(`/media/${sha256}`, new Headers());
  for (const file of files)
    await bringFile({ ...file, ask, signal: new AbortController().signal, onBytes: () => undefined });
  const pack = await writePack(COURSE, "low", [...files, { sha256: "0".repeat(64), bytes: 5 }]);
  newPhone();
  return pack;
}

let pack: Blob;
beforeEach(async () => {
  pack = await packed();
});

const bytesOf = async (blob: Blob) => new Uint8Array(await blob.arrayBuffer());

test("what one phone packs another takes in, verified, with no network", async () => {
  const open = await openPack(pack);
  expect(open).toMatchObject({ courseId: COURSE.id, title: "Physics", quality: "low" });
  const counted: number[] = [];
  expect(await takePack(open, (all) => counted.push(all))).toEqual({ kept: 2, broken: 0, missing: 0 });
  expect(counted.at(-1)).toBe(BODIES.reduce((all, body) => all + body.byteLength, 0));
  expect((await holding()).whole.size).toBe(2);
  const first = await readFile(open.files[0]?.sha256 ?? "");
  expect(first?.type).toBe("video/mp4");
  expect(hashOf(await bytesOf(first ?? new Blob()))).toBe(open.files[0]?.sha256);
  expect(await takePack(open, () => undefined)).toEqual({ kept: 2, broken: 0, missing: 0 }); // Twice is once.
});

test("any program opens a pack", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "pack-")), "physics.sparkpack");
  writeFileSync(path, await bytesOf(pack));
  const check = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.testzip(), len(z.namelist()))";
  expect(new TextDecoder().decode(execFileSync("python3", ["-c", check, path])).trim()).toBe("None 3");
});

test("files that a pack names and does not hold are counted apart, and the others are taken", async () => {
  const open = await openPack(pack);
  const entries = new Map([...open.entries].filter(([name]) => name !== `files/${open.files[0]?.sha256}`));
  const taken = await takePack({ ...open, entries, missing: 1 }, () => undefined); // One more that the server had lost.
  expect(taken).toEqual({ kept: 1, broken: 0, missing: 2 });
  const about = { format: 1, course: COURSE, quality: "low", files: open.files, missing: open.files.slice(1) };
  expect(readAbout(JSON.stringify(about))?.missing).toBe(1);
});

test("a file whose bytes were changed is left out, and the others are taken", async () => {
  const bytes = await bytesOf(pack);
  const { entries, files } = await openPack(pack);
  const at = (entries.get(`files/${files[0]?.sha256}`)?.at ?? 0) + 1_500_000;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  expect(await takePack(await openPack(new Blob([bytes])), () => undefined)).toEqual({
    kept: 1,
    broken: 1,
    missing: 0,
  });
  expect((await holding()).whole).toEqual(new Set([files[1]?.sha256]));
});

test.each([
  ["nothing", new Uint8Array(0), "pack.format"],
  ["some other file", film(50_000, 3), "pack.format"],
])("%s is no pack", async (_what, bytes, code) => {
  await expect(openPack(new Blob([bytes]))).rejects.toMatchObject({ code });
});

test("a pack that was cut anywhere is refused, and nothing of it is kept", async () => {
  for (const part of [0.1, 0.5, 0.9, 0.999]) {
    const cut = pack.slice(0, Math.floor(pack.size * part));
    await expect(openPack(cut)).rejects.toMatchObject({ code: "pack.format" });
  }
  expect((await holding()).whole.size).toBe(0);
});

test.each([
  ["another format", (about: Record<string, unknown>) => ({ ...about, format: 3 })],
  ["a course without an id", (about: Record<string, unknown>) => ({ ...about, course: { title: "x" } })],
  ["a quality that is none", (about: Record<string, unknown>) => ({ ...about, quality: "bad" })],
  [
    "a hash that is a path",
    (about: Record<string, unknown>) => ({ ...about, files: [{ sha256: "../x", bytes: 1, mime: "" }] }),
  ],
  ["files that are no list", (about: Record<string, unknown>) => ({ ...about, files: "all" })],
])("%s is refused", async (_what, change) => {
  await expect(openPack(await changed(change))).rejects.toMatchObject({ code: "pack.damaged" });
});

/** The same pack with other words in `pack.json`, of the same length. */
async function changed(change: (about: Record<string, unknown>) => object): Promise<Blob> {
  const { entries } = await openPack(pack);
  const { at, bytes } = entries.get("pack.json") ?? { at: 0, bytes: 0 };
  const about = JSON.parse(await pack.slice(at, at + bytes).text());
  const text = JSON.stringify(change(about)).padEnd(bytes, " ");
  return new Blob([pack.slice(0, at), text, pack.slice(at + bytes)]);
}

test("sums and places that cannot be are refused, whatever byte of the directory is changed", async () => {
  const bytes = await bytesOf(pack);
  const begin = bytes.byteLength - 22 - 3 * 60;
  for (let at = begin; at < bytes.byteLength; at += 7) {
    const hostile = bytes.slice();
    hostile[at] = (hostile[at] ?? 0) ^ 0xff;
    const opened = await openPack(new Blob([hostile])).catch((error: { code?: string }) => error.code);
    if (typeof opened === "string") expect(opened).toMatch(/^pack\./);
  }
});

describe("a signed pack", () => {
  const rows = new TextEncoder().encode('{"collection":"catalog.lessons"}\n[1,{"id":"1","title":"Heat"}]\n');
  const other = { ...COURSE, id: "0190aaaa-bbbb-7ccc-8ddd-eeeeffff0001" };

  /** As the server makes it, by a key that this phone was told. */
  async function signed(change: Record<string, unknown> = {}, isKnown = true) {
    const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
    const key = text64(new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
    const manifest = JSON.stringify({
      format: 2,
      course: { ...COURSE, revision: 3 },
      quality: "low",
      made_at: "2026-11-21T20:00:00Z",
      expires_at: "2026-12-21T20:00:00Z",
      sets: [{ bucket: `course:${COURSE.id}`, tier: 1, base: 7, chunks: [[hashOf(rows), rows.length, 1]] }],
      files: BODIES.map((body) => ({ sha256: hashOf(body), bytes: body.length, mime: "video/mp4" })),
      ...change,
    });
    const said = new TextEncoder().encode(`spark-pack\n${manifest}`);
    const signature = text64(new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, said)));
    const told = JSON.stringify(isKnown ? [{ id: "k", key }] : []);
    return { manifest, signature: JSON.stringify({ key: "k", signature }), told };
  }

  /** The file as it was given, on a phone that knows the key. */
  async function given(part: { manifest: string; signature: string; told: string }, chunk: Uint8Array = rows) {
    await packed(); // Leaves the media behind on nobody's phone: what is written here has rows alone.
    const blob = await writePack(COURSE, "low", [], {
      manifest: part.manifest,
      signature: part.signature,
      chunks: new Map([[hashOf(rows), new Blob([new Uint8Array(chunk)])]]),
    });
    localStorage.setItem("spark-signing-keys", part.told);
    return blob;
  }

  const text64 = (bytes: Uint8Array) =>
    btoa(String.fromCharCode(...bytes))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");

  test("says what it holds, and gives the engine its rows, shown to whom the course is open", async () => {
    const open = await openPack(await given(await signed()));
    expect(open).toMatchObject({ courseId: COURSE.id, quality: "low", format: 2 });
    const sealed = rowsIn(open, false);
    expect(sealed).toMatchObject({ bucket: `course:${COURSE.id}`, shownUntil: 0, sets: [{ tier: 1 }] });
    expect(rowsIn(open, true).shownUntil).toBe(Date.parse("2026-12-21T20:00:00Z"));
    expect(await bytesOf(sealed.chunks.get(hashOf(rows)) ?? new Blob())).toEqual(rows);
  });

  test("of another course, changed, or of a key that nobody told, is refused", async () => {
    const [good, elsewhere] = [await signed(), await signed({ course: { ...other, revision: 1 }, sets: [] })];
    const changed = good.manifest.replace('"low"', '"text"');
    const cases = [
      [{ ...good, manifest: changed }, "pack.signature"],
      [{ ...elsewhere, signature: good.signature }, "pack.signature"],
      [{ ...good, signature: "" }, "pack.signature"],
      [{ ...good, signature: "x".repeat(2_000) }, "pack.signature"],
      [await signed({}, false), "pack.key_unknown"],
    ] as const;
    for (const [part, code] of cases) await expect(openPack(await given(part))).rejects.toMatchObject({ code });
  });

  test.each([
    ["a person's own set", { sets: [{ bucket: "user:1", tier: 0, base: 1, chunks: [] }] }],
    ["another course's set", { sets: [{ bucket: `course:${other.id}`, tier: 1, base: 1, chunks: [] }] }],
    ["a tier that is none", { sets: [{ bucket: `course:${COURSE.id}`, tier: 9, base: 1, chunks: [] }] }],
    ["a chunk without a name", { sets: [{ bucket: `course:${COURSE.id}`, tier: 1, base: 1, chunks: [["", 1, 1]] }] }],
    ["sets that are no list", { sets: "all" }],
  ])("that names %s is refused, even signed", async (_what, change) => {
    await expect(openPack(await given(await signed(change)))).rejects.toMatchObject({ code: "pack.damaged" });
  });

  test("without all of its rows is refused", async () => {
    const short = rows.slice(0, -1);
    await expect(openPack(await given(await signed(), short))).rejects.toMatchObject({ code: "pack.damaged" });
  });
});
