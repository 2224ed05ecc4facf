/** Files on their way: what a person chose is kept, sent over any link, and known again after days. */

import "fake-indexeddb/auto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { uploadsName } from "../../src/sync/names.ts";
import type { Env, UploadRow } from "../../src/uploads/env.ts";
import { fileIdOf, sha256Of } from "../../src/uploads/ids.ts";
import { Uploads } from "../../src/uploads/queue.ts";
import { Store } from "../../src/uploads/store.ts";
import { until } from "../support/wait.ts";
import { answer, FakeServer, joined, MB } from "./server.ts";

const AMINA = "0198aaaa-0000-7000-8000-000000000001";

function contentOf(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let i = 0, x = seed; i < size; i++) {
    x = (x * 1_103_515_245 + 12_345) & 0x7fffffff;
    bytes[i] = x >> 16;
  }
  return bytes;
}

let server: FakeServer;
let key: CryptoKey;
let opened: Uploads[];
let pending: boolean;

beforeEach(async () => {
  server = new FakeServer();
  opened = [];
  pending = false;
  key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
});

afterEach(async () => {
  for (const uploads of opened) uploads.close();
  await new Promise((resolve) => {
    indexedDB.deleteDatabase(uploadsName(AMINA)).onsuccess = resolve;
  });
});

async function open(more: Partial<Env> = {}): Promise<Uploads> {
  const uploads = await Uploads.open({
    userId: AMINA,
    key,
    factory: indexedDB,
    link: server,
    now: Date.now,
    pauseMs: () => 1,
    lead: (run) => void run(new AbortController().signal),
    tell: () => undefined,
    hold: () => undefined,
    isHeld: () => Promise.resolve(false),
    pending: (any) => {
      pending = any;
    },
    ...more,
  });
  opened.push(uploads);
  return uploads;
}

const fileOf = (content: Uint8Array<ArrayBuffer>, name = "film.mp4") =>
  new File([content], name, { type: "video/mp4" });
const stateOf = (uploads: Uploads, id: string) => uploads.of(id).value?.state;
const rowOf = (id: string, state: UploadRow["state"], code: string | null = null): UploadRow => ({
  id,
  state,
  progress_ppm: 0,
  reason_code: code,
  reason: code && `because of ${code}`,
});

test("a file is hashed, has its id before anybody is asked, and arrives whole", async () => {
  server.isOffline = true;
  const content = contentOf(2 * MB + 17);
  const uploads = await open();

  const { id, sha256: hash, fileId } = await uploads.add(fileOf(content), { purpose: "course", licence: "CC0" });

  expect(hash).toBe(await sha256Of(content));
  expect(fileId).toBe(await fileIdOf(AMINA, hash, "CC0", ""));
  expect(await (await uploads.bytesOf(fileId))?.bytes()).toEqual(content);
  expect(await uploads.bytesOf("another")).toBeNull();
  expect(pending).toBe(true);
  server.isOffline = false;
  uploads.retry();
  await until(() => stateOf(uploads, id) === "checking", "sent");
  expect(await server.wholeOf(id)).toBe(await sha256Of(content));
  expect(server.bytesUp).toBe(content.length);

  await uploads.heard([rowOf(id, "ready")]);
  expect(stateOf(uploads, id)).toBe("ready");
  expect(pending).toBe(false);
});

test("a link cut again and again sends no byte twice", async () => {
  const content = contentOf(3 * MB);
  let cuts = 0;
  server.luck = () => (cuts++ < 20 ? 100_000 + cuts * 1_000 : null);
  const uploads = await open();

  const { id } = await uploads.add(fileOf(content), { purpose: "course" });

  await until(() => stateOf(uploads, id) === "checking", "sent");
  expect(await server.wholeOf(id)).toBe(await sha256Of(content));
  expect(server.bytesUp).toBe(content.length);
});

test("after the app was closed in the middle it goes on at the byte, from what the phone keeps", async () => {
  const content = contentOf(3 * MB);
  let cuts = 0;
  server.luck = () => (cuts++ === 2 ? 4_000 : cuts > 2 ? 0 : null);
  const first = await open();
  const { id } = await first.add(fileOf(content), { purpose: "course" });
  await until(() => cuts > 3, "cut");
  first.close();

  server.luck = () => null;
  const second = await open();
  await until(() => stateOf(second, id) === "checking", "sent");

  expect(await server.wholeOf(id)).toBe(await sha256Of(content));
  expect(server.bytesUp).toBe(content.length);
});

test("nothing of it can be read on the phone without the person's key", async () => {
  server.isOffline = true;
  const content = new TextEncoder().encode("the very secret exam".repeat(1000));
  const uploads = await open();
  await uploads.add(fileOf(content, "secret-name.pdf"), { purpose: "course" });
  uploads.close();

  const db = await new Promise<IDBDatabase>((resolve) => {
    const request = indexedDB.open(uploadsName(AMINA));
    request.onsuccess = () => resolve(request.result);
  });
  const all = await Promise.all(
    ["uploads", "chunks"].map(
      (name) =>
        new Promise<Uint8Array[]>((resolve) => {
          const request = db.transaction(name).objectStore(name).getAll();
          request.onsuccess = () => resolve(request.result as Uint8Array[]);
        }),
    ),
  );
  db.close();
  const text = new TextDecoder("latin1").decode(joined(all.flat()));
  expect(text.length).toBeGreaterThan(content.length);
  expect(text).not.toContain("secret");
  const stranger = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  expect((await open({ key: stranger })).all.value).toEqual([]);
});

test("a pause stops at once and keeps what came; resumed, it goes on there", async () => {
  const content = contentOf(2 * MB);
  server.isStill = true;
  const uploads = await open();
  const { id } = await uploads.add(fileOf(content), { purpose: "course" });
  await until(() => stateOf(uploads, id) === "sending", "sending");

  await uploads.pause(id);
  server.isStill = false;
  expect(stateOf(uploads, id)).toBe("paused");
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(server.bytesUp).toBe(0);

  await uploads.resume(id);
  await until(() => stateOf(uploads, id) === "checking", "sent");
  expect(server.bytesUp).toBe(content.length);
});

test("a cancelled file is gone here and given up there", async () => {
  server.isStill = true;
  const uploads = await open();
  const { id } = await uploads.add(fileOf(contentOf(MB)), { purpose: "course" });
  await until(() => stateOf(uploads, id) === "sending", "sending");

  await uploads.cancel(id);

  expect(uploads.all.value).toEqual([]);
  await until(() => server.held.get(id)?.state === "cancelled", "given up");
  expect((await open()).all.value).toEqual([]);
});

test("what the server refuses is told with its reason, and not sent again", async () => {
  server.refusal = answer(415, "upload.type");
  const uploads = await open();
  const { id } = await uploads.add(fileOf(contentOf(1000)), { purpose: "course" });

  await until(() => stateOf(uploads, id) === "refused", "refused");

  expect(uploads.of(id).value).toMatchObject({ code: "upload.type", message: "because of upload.type" });
  expect(pending).toBe(false);
});

test("what the server finds wrong with a file comes by its row", async () => {
  const uploads = await open();
  const { id } = await uploads.add(fileOf(contentOf(1000)), { purpose: "course" });
  await until(() => stateOf(uploads, id) === "checking", "sent");

  await uploads.heard([rowOf(id, "refused", "file.damaged")]);

  expect(uploads.of(id).value).toMatchObject({ state: "refused", code: "file.damaged" });
});

test("a full phone holds the file in the page, sends it, and asks for it again when the page was closed", async () => {
  server.isOffline = true;
  const content = contentOf(2 * MB);
  const uploads = await open();
  vi.spyOn(Store.prototype, "putChunk").mockRejectedValue(new DOMException("full", "QuotaExceededError"));
  const { id } = await uploads.add(fileOf(content), { purpose: "course" });
  expect(uploads.of(id).value?.isKept).toBe(false);
  vi.restoreAllMocks();
  uploads.close();

  server.isOffline = false;
  const again = await open();
  await until(() => stateOf(again, id) === "lost", "lost");
  expect(await again.attach(id, fileOf(contentOf(2 * MB, 2)))).toBe(false);
  expect(await again.attach(id, fileOf(content))).toBe(true);
  await until(() => stateOf(again, id) === "checking", "sent");
  expect(await server.wholeOf(id)).toBe(await sha256Of(content));
});

test("the same file chosen twice is one upload", async () => {
  server.isOffline = true;
  const uploads = await open();
  const one = await uploads.add(fileOf(contentOf(1000)), { purpose: "course" });
  const two = await uploads.add(fileOf(contentOf(1000)), { purpose: "course" });

  expect(two).toEqual(one);
  expect(uploads.all.value).toHaveLength(1);
});

test("a small one goes before a large one that waits", async () => {
  server.isOffline = true;
  const uploads = await open();
  const film = await uploads.add(fileOf(contentOf(3 * MB)), { purpose: "course" });
  const picture = await uploads.add(fileOf(contentOf(1000, 3), "a.png"), { purpose: "course" });
  const order: string[] = [];
  const put = server.put.bind(server);
  server.put = (path, ...rest) => {
    order.push(path.split("/")[2] ?? "");
    return put(path, ...rest);
  };
  server.isOffline = false;
  uploads.retry();
  await until(() => stateOf(uploads, film.id) === "checking", "sent");

  expect(order[0]).toBe(picture.id);
});

test("a session that ran out on the server is begun anew with the same bytes", async () => {
  const uploads = await open();
  server.isStill = true;
  const { id } = await uploads.add(fileOf(contentOf(1000)), { purpose: "course" });
  await until(() => server.held.size === 1, "begun");
  await uploads.pause(id);
  const first = server.held.get(id);
  if (first) first.state = "expired";
  server.isStill = false;

  await uploads.resume(id);
  await until(() => stateOf(uploads, id) === "checking", "sent");

  expect(server.held.size).toBe(2);
});

test("a file that the server accepted once and then lost is sent again while the journal lasts", async () => {
  const uploads = await open();
  const { id } = await uploads.add(fileOf(contentOf(1000)), { purpose: "course" });
  await until(() => stateOf(uploads, id) === "checking", "sent");
  await uploads.heard([rowOf(id, "ready")]);

  server.held.clear();
  await uploads.offerAgain();

  await until(() => stateOf(uploads, id) === "checking", "sent again");
  expect(server.held.size).toBe(1);
});

test("what the server lost of a file before it looked at it is sent once more, and only once", async () => {
  const uploads = await open();
  const { id } = await uploads.add(fileOf(contentOf(1000)), { purpose: "course" });
  await until(() => stateOf(uploads, id) === "checking", "sent");
  const lost = (session: string) => uploads.heard([rowOf(session, "refused", "upload.damaged")]);

  await lost(id);
  await until(() => stateOf(uploads, id) === "checking" && server.held.size === 2, "sent again");
  await lost([...server.held.keys()][1] ?? "");

  expect(uploads.of(id).value).toMatchObject({ state: "refused", code: "upload.damaged" });
});
