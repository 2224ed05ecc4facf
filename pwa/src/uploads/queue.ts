/**
 * Files on their way to the server, one after the other, over links that are cut and days apart.
 *
 *     add ─► hashed and sealed on this phone ─► parts ─► complete ─► the server looks at it ─► ready · refused
 *
 * What the server keeps is asked each time, never believed. One tab sends for all tabs of the person.
 */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { newId } from "#sync";
import { ENDED, KEPT_MS, OPEN, SMALL_BYTES, smallestDue, untilDue } from "./due.ts";
import type { Env, UploadRow, Word } from "./env.ts";
import { fileIdOf } from "./ids.ts";
import { blobOf, keepChunk, takeIn } from "./keeping.ts";
import { sendParts } from "./parts.ts";
import { begin, cancel, complete, NotNow, Refusal, type Session } from "./sender.ts";
import { CHUNK_BYTES, Store } from "./store.ts";
import type { Added, AddOptions, Kept, Upload, UploadState } from "./types.ts";

const TOLD_EVERY_MS = 250;

export class Uploads {
  readonly all: ReadonlySignal<readonly Upload[]>;
  private readonly kept = signal<readonly Kept[]>([]);
  private readonly files = new Map<string, File>(); // What did not fit here: gone with the page.
  private readonly sentAgain = new Set<string>();
  private readonly underWay = new Map<string, AbortController>();
  private readonly notBefore = new Map<string, number>();
  private readonly dues = { notBefore: this.notBefore, now: () => this.env.now() };
  private readonly wakers: (() => void)[] = [];
  private writes: Promise<void> = Promise.resolve();
  private toldAt = 0;
  private isClosed = false;

  private constructor(
    private readonly env: Env,
    private readonly store: Store,
  ) {
    this.all = computed(() => this.kept.value);
  }

  static async open(env: Env): Promise<Uploads> {
    const uploads = new Uploads(env, await Store.open(env.factory, env.userId, env.key));
    await uploads.reload();
    await uploads.tidy();
    env.lead((lost) => uploads.run((upload) => upload.isKept || uploads.files.has(upload.id), lost));
    return uploads;
  }

  of(id: string): ReadonlySignal<Upload | undefined> {
    return computed(() => this.all.value.find((one) => one.id === id));
  }

  /** A file that lies here, by its id: to be shown before anybody made anything of it. Null: it does not, or is large. */
  bytesOf(fileId: string): Promise<Blob | null> {
    return blobOf(this.store, this.kept.peek(), this.files, fileId);
  }

  /**
   * Keep a file and send it when there is a network. Resolves when it is hashed and durable, before anybody is asked.
   * The same file for the same purpose is the same upload.
   */
  async add(file: File, options: AddOptions): Promise<Added> {
    const id = newId();
    const { sha256, isKept } = await takeIn(this.store, id, file, options.onProgress);
    const { licence = "", attribution = "", purpose, purposeId = null } = options;
    const fileId = await fileIdOf(this.env.userId, sha256, licence, attribution);
    const twin = this.kept
      .peek()
      .find((one) => one.fileId === fileId && one.purpose === purpose && !["refused", "failed"].includes(one.state));
    if (twin) {
      await this.replaceBytes(twin, id, file, isKept);
      return { id: twin.id, sha256, fileId };
    }
    if (!isKept) this.holdFile(id, file);
    await this.save({
      id,
      session: id,
      name: file.name || "file",
      mime: file.type,
      bytes: file.size,
      sha256,
      fileId,
      purpose,
      purposeId,
      licence,
      attribution,
      addedAt: this.env.now(),
      state: "waiting",
      sent: 0,
      isKept,
      progressPpm: 0,
      code: null,
      message: null,
      endedAt: null,
    });
    this.startOwn(id);
    this.wake();
    return { id, sha256, fileId };
  }

  /** Give the bytes of a lost file again. False: it is another file. */
  async attach(id: string, file: File): Promise<boolean> {
    const upload = this.find(id);
    if (!upload || file.size !== upload.bytes) return false;
    const fresh = newId();
    const { sha256, isKept } = await takeIn(this.store, fresh, file);
    if (sha256 !== upload.sha256) {
      await this.store.dropChunks(fresh);
      return false;
    }
    await this.replaceBytes(upload, fresh, file, isKept);
    return true;
  }

  async pause(id: string): Promise<void> {
    await this.change(id, { state: "paused" }, OPEN);
    this.underWay.get(id)?.abort();
  }

  /** Go on with what was paused, or try once more what failed on the server. */
  async resume(id: string): Promise<void> {
    const upload = this.find(id);
    this.notBefore.delete(id);
    if (upload?.state === "failed")
      await this.change(id, { state: "waiting", session: newId(), sent: 0, endedAt: null });
    else await this.change(id, { state: "waiting" }, new Set<UploadState>(["paused", "waiting"]));
    this.startOwn(id);
    this.wake();
  }

  /** Give it up and forget it, here and, when there is a network, at the server; what was accepted there stays. */
  async cancel(id: string): Promise<void> {
    const upload = this.find(id);
    if (!upload) return;
    this.underWay.get(id)?.abort();
    this.files.delete(id);
    this.show(this.kept.peek().filter((one) => one.id !== id));
    await this.inTurn(() => this.store.drop(id));
    if (!ENDED.has(upload.state)) void cancel(this.env.link, upload.session);
  }

  /** Try now, whatever it waits for. */
  wake(): void {
    for (const waker of this.wakers.splice(0)) waker();
  }

  /** The network is back. */
  retry(): void {
    this.notBefore.clear();
    this.wake();
  }

  /** Rows of `media.uploads`: what the server made of what was sent. */
  async heard(rows: readonly UploadRow[]): Promise<void> {
    for (const row of rows) {
      const upload = this.kept.peek().find((one) => one.session === row.id);
      if (!upload || upload.state === "ready" || row.state === "receiving") continue;
      if (row.state === "received" || row.state === "checking") {
        if (upload.state === "checking" && upload.progressPpm !== row.progress_ppm)
          await this.change(upload.id, { progressPpm: row.progress_ppm });
      } else await this.settle(upload, row.state, row.reason_code, row.reason);
    }
  }

  /** An op waits for a file that was accepted once: the server may have lost it. Offered again, it is sent if so. */
  async offerAgain(): Promise<void> {
    for (const upload of this.kept.peek())
      if (upload.state === "ready" && upload.isKept) await this.change(upload.id, { state: "waiting" });
    this.wake();
  }

  /** What another tab did. */
  async heardTab(word: Word): Promise<void> {
    if ("changed" in word) {
      await this.reload();
      for (const [id, going] of this.underWay) if (!OPEN.has(this.find(id)?.state ?? "paused")) going.abort();
      this.wake();
    } else this.show(this.kept.peek().map((one) => (one.id === word.id ? { ...one, sent: word.sent } : one)));
  }

  close(): void {
    this.isClosed = true;
    for (const going of this.underWay.values()) going.abort();
    this.wake();
    this.store.close();
  }

  // --- keeping --------------------------------------------------------------------------------------------------------

  /** The bytes of an upload are here once more, under another name: take them where it has none, and drop the name. */
  private async replaceBytes(upload: Kept, from: string, file: File, isKept: boolean): Promise<void> {
    if (!upload.isKept && !ENDED.has(upload.state)) {
      for (let n = 0; isKept && n * CHUNK_BYTES < upload.bytes; n++) {
        const end = Math.min((n + 1) * CHUNK_BYTES, upload.bytes);
        const bytes = await this.store.read(from, n * CHUNK_BYTES, end);
        isKept = bytes !== null && (await keepChunk(this.store, upload.id, n, bytes));
      }
      if (!isKept) this.holdFile(upload.id, file);
      await this.change(upload.id, { isKept, ...(upload.state === "lost" ? { state: "waiting" } : {}) });
      this.startOwn(upload.id);
    }
    await this.store.dropChunks(from);
    this.wake();
  }

  private find(id: string): Kept | undefined {
    return this.kept.peek().find((one) => one.id === id);
  }

  private async change(id: string, part: Partial<Kept>, only?: ReadonlySet<UploadState>): Promise<void> {
    const upload = this.find(id);
    if (upload && (!only || only.has(upload.state))) await this.save({ ...upload, ...part });
  }

  private async save(upload: Kept): Promise<void> {
    const others = this.kept.peek().filter((one) => one.id !== upload.id);
    this.show([...others, upload]); // At once: who looks again while it is being written sees it.
    await this.inTurn(() => this.store.put(upload));
  }

  /** One write after the other: what was begun earlier must not end up on top. Nothing is written once it is closed. */
  private async inTurn(write: () => Promise<void>): Promise<void> {
    const mine = this.writes.then(() => (this.isClosed ? undefined : write()));
    this.writes = mine.catch(() => undefined);
    try {
      await mine;
    } catch (error) {
      if (!this.isClosed) throw error;
    }
    if (!this.isClosed) this.env.tell({ changed: true });
  }

  private show(all: readonly Kept[]): void {
    this.kept.value = [...all].sort((a, b) => a.addedAt - b.addedAt || (a.id < b.id ? -1 : 1));
    this.env.pending(all.some((one) => !ENDED.has(one.state)));
  }

  private async reload(): Promise<void> {
    const sent = new Map(this.kept.peek().map((one) => [one.id, one.sent]));
    const all = await this.store.all();
    this.show(all.map((one) => ({ ...one, sent: Math.max(one.sent, sent.get(one.id) ?? 0) })));
  }

  /** At the start: what ended long ago goes, and what only the page held is lost. */
  private async tidy(): Promise<void> {
    const before = this.env.now() - KEPT_MS;
    for (const upload of this.kept.peek()) {
      if (upload.endedAt !== null && upload.endedAt < before) {
        await this.store.drop(upload.id);
        this.show(this.kept.peek().filter((one) => one.id !== upload.id));
      } else if (!upload.isKept && !ENDED.has(upload.state) && upload.state !== "checking") {
        if (!(await this.env.isHeld(upload.id))) await this.change(upload.id, { state: "lost" });
      }
    }
  }

  // --- sending --------------------------------------------------------------------------------------------------------

  private holdFile(id: string, file: File): void {
    this.files.set(id, file);
    this.env.hold(id);
  }

  /** A file that only this page holds is sent by this page, whoever leads. */
  private startOwn(id: string): void {
    if (this.files.has(id)) void this.run((upload) => upload.id === id, new AbortController().signal, true);
  }

  private async run(mine: (upload: Kept) => boolean, lost: AbortSignal, isOnce = false): Promise<void> {
    let cuts = 0;
    lost.addEventListener("abort", () => this.wake());
    while (!this.isClosed && !lost.aborted) {
      const upload = smallestDue(this.kept.peek(), (one) => mine(one) && !this.underWay.has(one.id), this.dues);
      if (!upload && isOnce && ![...this.kept.peek()].some((one) => mine(one) && OPEN.has(one.state))) return;
      if (!upload) {
        await this.rest(untilDue(this.kept.peek(), mine, this.dues));
        continue;
      }
      const before = upload.sent;
      const isCut = (await this.attempt(upload)) === "network.offline";
      const hasMoved = (this.find(upload.id)?.sent ?? 0) > before;
      cuts = !isCut ? 0 : hasMoved ? 1 : cuts + 1;
      if (cuts > 0) await this.rest(this.env.pauseMs(cuts));
    }
  }

  private rest(ms: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === null ? undefined : setTimeout(resolve, ms);
      this.wakers.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** One try; the code of what stood in its way. */
  private async attempt(upload: Kept): Promise<string | null> {
    const going = new AbortController();
    this.underWay.set(upload.id, going);
    try {
      await this.send(upload, going.signal);
      return null;
    } catch (error) {
      if (this.isClosed || going.signal.aborted) return null;
      if (error instanceof Refusal) {
        await this.settle(upload, "refused", error.code, error.message);
        return error.code;
      }
      if (!(error instanceof NotNow)) throw error;
      if (error.code === "upload.closed" || error.code === "upload.id_taken")
        await this.change(upload.id, { session: newId(), sent: 0 }, OPEN);
      else if (error.code !== "network.offline")
        this.notBefore.set(upload.id, this.env.now() + (error.afterMs ?? this.env.pauseMs(3)));
      await this.change(upload.id, { state: "waiting", code: error.code }, OPEN);
      return error.code;
    } finally {
      this.underWay.delete(upload.id);
    }
  }

  private async send(upload: Kept, signal: AbortSignal): Promise<void> {
    const session = await begin(this.env.link, upload, upload.session);
    if (signal.aborted) return;
    if (session.state === "received" || session.state === "checking") {
      await this.change(upload.id, { state: "checking", sent: upload.bytes, code: null }, OPEN);
    } else if (session.state !== "receiving") {
      await this.settle(upload, session.state, session.reason_code, session.reason);
    } else if (session.path !== null) {
      await this.change(upload.id, { state: "sending", code: null, message: null }, OPEN);
      await this.sendParts(upload, session, session.path, signal);
      if (signal.aborted) return;
      await complete(this.env.link, upload.session, upload.sha256);
      await this.change(upload.id, { state: "checking", sent: upload.bytes }, OPEN);
    }
  }

  private sendParts(upload: Kept, session: Session, path: string, signal: AbortSignal): Promise<void> {
    return sendParts(
      {
        link: this.env.link,
        session,
        path,
        bytes: upload.bytes,
        read: (start, end) => this.read(upload, start, end),
        onSent: (sent) => this.tellSent(upload.id, sent),
      },
      signal,
    );
  }

  /** Raises NotNow when the bytes are gone: the person has to choose the file again. */
  private async read(upload: Kept, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    const file = this.files.get(upload.id);
    const bytes = file
      ? await file
          .slice(start, end)
          .arrayBuffer()
          .then(
            (all) => new Uint8Array(all),
            () => null,
          )
      : await this.store.read(upload.id, start, end);
    if (bytes?.length === end - start) return bytes;
    this.files.delete(upload.id);
    await this.change(upload.id, { state: "lost", isKept: false });
    throw new NotNow("upload.lost");
  }

  private tellSent(id: string, sent: number): void {
    const now = this.env.now();
    if (now - this.toldAt < TOLD_EVERY_MS && sent !== 0) return;
    this.toldAt = now;
    this.show(this.kept.peek().map((one) => (one.id === id ? { ...one, sent } : one)));
    this.env.tell({ id, sent });
  }

  private async settle(
    upload: Kept,
    state: Session["state"],
    code: string | null,
    message: string | null,
  ): Promise<void> {
    // What the server lost of a file, after a restore for instance, is sent once more as long as it is here.
    const isLost =
      code === "upload.damaged" && (upload.isKept || this.files.has(upload.id)) && !this.sentAgain.has(upload.id);
    if (isLost) this.sentAgain.add(upload.id);
    if (state === "cancelled" || state === "expired" || isLost) {
      await this.change(upload.id, { state: "waiting", session: newId(), sent: 0 });
      this.wake();
      return;
    }
    const ended = state === "ready" || state === "refused" ? state : "failed";
    const isKept = upload.isKept && (ended === "failed" || (ended === "ready" && upload.bytes <= SMALL_BYTES));
    await this.change(upload.id, { state: ended, isKept, code, message, sent: upload.bytes, endedAt: this.env.now() });
    if (!isKept) await this.inTurn(() => this.store.dropChunks(upload.id));
    this.files.delete(upload.id);
  }
}
