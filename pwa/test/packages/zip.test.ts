/** The zip reader against zips made by hand, whole and harmed; and the endings that the server takes. */

import { expect, test } from "vitest";
import kinds from "../../../server/packages/scorm/kinds.py?raw";
import { typeOf } from "../../src/features/packages/kinds.ts";
import { openable } from "../../src/features/packages/outline.ts";
import { openPackage } from "../../src/features/packages/package.ts";
import { BadZip, openZip } from "../../src/features/packages/zip.ts";

interface Entry {
  readonly name: string;
  readonly body: Uint8Array;
  readonly stored?: boolean;
  readonly says?: number; // Bytes unpacked, as the directory has it.
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

async function zipOf(entries: readonly Entry[]): Promise<Blob> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, body, stored = false, says = body.length } of entries) {
    const packed = stored ? body : await deflated(body);
    const label = bytesOf(name);
    const head = new DataView(new ArrayBuffer(30));
    head.setUint32(0, 0x04034b50, true);
    head.setUint16(26, label.length, true);
    const line = new DataView(new ArrayBuffer(46));
    line.setUint32(0, 0x02014b50, true);
    line.setUint16(10, stored ? 0 : 8, true);
    line.setUint32(20, packed.length, true);
    line.setUint32(24, says, true);
    line.setUint16(28, label.length, true);
    line.setUint32(42, at, true);
    parts.push(new Uint8Array(head.buffer), label, packed);
    directory.push(new Uint8Array(line.buffer), label);
    at += 30 + label.length + packed.length;
  }
  const size = directory.reduce((all, one) => all + one.length, 0);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(10, entries.length, true);
  end.setUint32(12, size, true);
  end.setUint32(16, at, true);
  return new Blob([...parts, ...directory, new Uint8Array(end.buffer)] as BlobPart[]);
}

const bytesOfZip = async (entries: readonly Entry[]) => new Uint8Array(await (await zipOf(entries)).arrayBuffer());

async function deflated(body: Uint8Array): Promise<Uint8Array> {
  const packed = new Blob([body as BlobPart]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

const PAGE = bytesOf("<p>Добро</p>".repeat(5_000));
const index = (more: object) => ({ name: "spark-package.json", body: bytesOf(JSON.stringify(more)) });

test("packed and stored files come back whole, names in any alphabet", async () => {
  const zip = await openZip(
    await zipOf([
      { name: "стр/a.html", body: PAGE },
      { name: "a.png", body: PAGE, stored: true },
      { name: "d/", body: bytesOf("") },
    ]),
  );
  expect(zip.names).toEqual(["стр/a.html", "a.png"]);
  const page = await zip.read("стр/a.html", "text/html");
  expect([page.type, await page.text()]).toEqual(["text/html", new TextDecoder().decode(PAGE)]);
  expect((await zip.read("a.png")).size).toBe(PAGE.length);
});

test("a file that unpacks to more, or less, than it says is not read", async () => {
  for (const says of [PAGE.length - 1, PAGE.length + 1]) {
    const zip = await openZip(await zipOf([{ name: "a", body: PAGE, says }]));
    await expect(zip.read("a")).rejects.toThrow(BadZip);
  }
});

test("a zip that is cut, or harmed in any one byte of its directory, never breaks otherwise than as a bad zip", async () => {
  const whole = await bytesOfZip([
    { name: "a", body: PAGE },
    { name: "b", body: PAGE, stored: true },
  ]);
  for (const size of [0, 10, whole.length - 30, whole.length - 1]) {
    await expect(openZip(new Blob([whole.slice(0, size)]))).rejects.toThrow(BadZip);
  }
  for (let at = whole.length - 22 - 94; at < whole.length; at += 1) {
    const harmed = whole.slice();
    harmed[at] = (harmed[at] ?? 0) ^ 0xff;
    const read = async () => {
      const zip = await openZip(new Blob([harmed]));
      for (const name of zip.names) await zip.read(name);
    };
    await read().catch((error: unknown) => expect(error).toBeInstanceOf(BadZip));
  }
});

test("a package opens with its outline and its files' types; one of a later format does not", async () => {
  const items = [{ id: "f", title: "Folder", items: [{ id: "a", title: "A", path: "a.html" }] }];
  const outline = { format: 1, edition: "1.2", title: "T", items };
  const opened = await openPackage(await zipOf([index(outline), { name: "a.html", body: PAGE }]));
  expect([...opened.files].map(([name, blob]) => [name, blob.type])).toEqual([["a.html", "text/html"]]);
  expect(openable(opened.outline.items).map((item) => item.id)).toEqual(["a"]);
  await expect(openPackage(await zipOf([index({ ...outline, format: 2 })]))).rejects.toThrow(BadZip);
});

test("each ending that the server takes has the same type here", () => {
  const taken = [...kinds.matchAll(/^ {4}"(\w+)": "([\w]+\/[\w.+-]+)",$/gm)].map(([, ending, type]) => [ending, type]);
  expect(taken.length).toBeGreaterThan(50);
  expect(taken.map(([ending]) => [ending, typeOf(`x/y.${ending}`)])).toEqual(taken);
});
