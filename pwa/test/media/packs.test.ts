import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { holding, readFile } from "../../src/media/files.ts";
import { bringFile } from "../../src/media/later/bringing.ts";
import { openPack, takePack, writePack } from "../../src/media/later/packs.ts";
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
  expect(await takePack(open, (all) => counted.push(all))).toEqual({ kept: 2, broken: 0 });
  expect(counted.at(-1)).toBe(BODIES.reduce((all, body) => all + body.byteLength, 0));
  expect((await holding()).whole.size).toBe(2);
  const first = await readFile(open.files[0]?.sha256 ?? "");
  expect(first?.type).toBe("video/mp4");
  expect(hashOf(await bytesOf(first ?? new Blob()))).toBe(open.files[0]?.sha256);
  expect(await takePack(open, () => undefined)).toEqual({ kept: 2, broken: 0 }); // Twice is once.
});

test("any program opens a pack", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "pack-")), "physics.sparkpack");
  writeFileSync(path, await bytesOf(pack));
  const check = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.testzip(), len(z.namelist()))";
  expect(new TextDecoder().decode(execFileSync("python3", ["-c", check, path])).trim()).toBe("None 3");
});

test("a file whose bytes were changed is left out, and the others are taken", async () => {
  const bytes = await bytesOf(pack);
  const { entries, files } = await openPack(pack);
  const at = (entries.get(`files/${files[0]?.sha256}`)?.at ?? 0) + 1_500_000;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  expect(await takePack(await openPack(new Blob([bytes])), () => undefined)).toEqual({ kept: 1, broken: 1 });
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
  ["another format", (about: Record<string, unknown>) => ({ ...about, format: 2 })],
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
