/** One person's engine in one tab: stores, screen and, in one tab of all, the loop. Knows no worker and no page. */

import { newId } from "../ids.js";
import type { Calls, OpenRequest, ToPage, Watch } from "../messages.js";
import { MINE_MAX, mineName, rowsName } from "../names.js";
import type { CommandOptions, Fields, OutboxItem, PackedRows, Status, WriteOptions } from "../types.js";
import { isQuotaError } from "./db.js";
import type { Channel, Env, Word } from "./env.js";
import { Laying } from "./laying.js";
import { Leadership } from "./leader.js";
import type { Loop } from "./loop.js";
import { add, type MergeRules } from "./making.js";
import { type Entry, Mine, Outrun } from "./mine.js";
import type { Wire } from "./request.js";
import { Overtaken, type Pair, RowStore } from "./rows.js";
import { Screen } from "./screen.js";
import { Damaged } from "./seal.js";
import { itemOfHeld } from "./standing.js";
import { View } from "./view.js";
import { exported, fetchWhole, NotNow } from "./whole.js";
import type { Draft } from "./wish.js";

export class Core implements Omit<Calls, "open"> {
  private loop: Loop | null = null;
  private isClosed = false;
  private isPaused = false;
  private readonly damaged: Pair[] = [];
  private readonly toMake: Draft[] = [];
  private making: Promise<unknown> = Promise.resolve(); // Ends when the last of them is kept.
  private status: Status = {
    link: "online",
    phase: "idle",
    queued: 0,
    sent: 0,
    lastCutAt: null,
    problem: null,
    code: null,
    leader: false,
  };
  private readonly leadership: Leadership;
  private readonly screen: Screen;
  private readonly view: View;
  private readonly wire: Wire;
  private readonly laying: Laying; // What packs have brought.

  private constructor(
    private readonly env: Env,
    private readonly mine: Mine,
    private readonly store: RowStore,
    private readonly channel: Channel,
    private readonly merge: MergeRules,
    request: OpenRequest,
    place: number,
    private readonly post: (message: ToPage) => void,
    private readonly token: () => Promise<string | null>,
  ) {
    this.view = new View(store, request.userId);
    this.screen = new Screen(
      mine,
      this.view,
      (shown) => post({ shown }),
      (error) => this.broke(error),
      (pairs) => this.mend(pairs),
    );
    this.laying = new Laying(request, { env, place, store, view: this.view, channel });
    this.wire = { fetch: env.fetch, baseUrl: request.baseUrl, stallMs: env.stallMs };
    const leading = { lead: (lost: AbortSignal) => this.lead(lost) };
    this.leadership = new Leadership(env.locks, channel, `spark-sync-${request.userId}`, env.now, leading);
  }

  /** Raises Damaged when every store of this person is sealed with another key. */
  static async open(
    env: Env,
    request: OpenRequest,
    post: (message: ToPage) => void,
    token: () => Promise<string | null>,
  ): Promise<Core> {
    const { mine, place } = await openMine(env, request, () => env.ballast.giveUp());
    const store = await RowStore.open(env.factory, rowsName(request.userId, place), request.storageKey);
    const channel = env.channel(`spark-sync-${request.userId}`);
    const core = new Core(env, mine, store, channel, request.merge, request, place, post, token);
    channel.listen((word) => core.heard(word));
    await core.laying.wake();
    await core.showStart();
    core.leadership.start();
    channel.post({ kind: "hello" });
    return core;
  }

  get opened(): { deviceId: string; wanted: readonly string[] } {
    return { deviceId: this.mine.device.id, wanted: this.mine.wanted };
  }

  private async showStart(): Promise<void> {
    const { meta } = await this.store.state();
    this.say({ lastCutAt: meta.cutAt });
    await this.screen.refresh();
    this.count(0);
  }

  // --- wishes ---------------------------------------------------------------------------------------------------------

  create(collection: string, id: string, fields: Fields, options: WriteOptions): Promise<string> {
    // A derived id is shared by twins on other phones, so it cannot tell this wish from theirs.
    const identity = id.charAt(14) === "7" ? id : newId();
    return this.make({ identity, kind: "create", name: collection, id, args: fields, ...titled(options) });
  }

  async patch(collection: string, id: string, fields: Fields, options: WriteOptions): Promise<string> {
    const rule = this.merge[collection];
    const hasBase = rule === "lww" || (typeof rule === "object" && "fields" in rule);
    const base = hasBase ? await this.view.versionOf(collection, id) : null;
    return await this.make({
      identity: newId(),
      kind: "patch",
      name: collection,
      id,
      args: fields,
      base,
      ...titled(options),
    });
  }

  async remove(collection: string, id: string, options: WriteOptions): Promise<string> {
    const base = await this.view.versionOf(collection, id);
    return await this.make({
      identity: newId(),
      kind: "delete",
      name: collection,
      id,
      args: {},
      base,
      ...titled(options),
    });
  }

  command(
    name: string,
    args: Fields,
    identity: string,
    { after, group, title, blobs }: CommandOptions,
  ): Promise<string> {
    const draft: Draft = { identity, kind: "command", name, id: null, args, after: after ?? [], group: group ?? null };
    return this.make({ ...draft, title: title ?? null, ...(blobs?.length ? { blobs } : {}) });
  }

  /** One after the other, in the order of the calls: side by side they would only outrun each other. */
  private async make(draft: Draft): Promise<string> {
    this.toMake.push(draft);
    const made = this.making.then(() => this.makeNext());
    this.making = made.catch(() => undefined);
    try {
      const { identity, seqs } = await made;
      this.loop?.wake();
      await this.told("wishes", seqs); // Whoever waits for us finds it on the screen.
      return identity;
    } catch (error) {
      if (isQuotaError(error)) this.say({ problem: "quota" });
      throw error;
    }
  }

  private makeNext(): ReturnType<typeof add> {
    const draft = this.toMake.shift() as Draft; // Each turn has pushed its own.
    const isMoreComing = Boolean(draft.group) && this.toMake.some(({ group }) => group === draft.group);
    return add(this.mine, this.merge, { ...draft, ...(isMoreComing ? { isMoreComing } : {}) }, this.env.now);
  }

  async retry(identity: string): Promise<void> {
    const entry = this.find(identity);
    if (entry?.wish.refused) return await this.edit(entry, { ...entry.wish, refused: null });
    await this.move("sync.op.retry", identity);
  }

  async withdraw(identity: string): Promise<void> {
    const entry = this.find(identity);
    if (entry && entry.wish.n === null) return await this.edit(entry, null);
    if (entry && entry.wish.receipt === null)
      throw new NotNow("wish.under_way", "This is being sent; wait for the answer.");
    await this.move("sync.op.withdraw", identity);
  }

  private async move(command: string, identity: string): Promise<void> {
    // The receipt comes before the row: what was refused a moment ago is worth a short wait, unless nothing can come.
    const isOnItsWay = this.find(identity) !== undefined && this.status.link !== "offline";
    if (isOnItsWay) this.sync();
    const held = await this.screen.heldWithin(identity, isOnItsWay ? this.env.heldMs : 0);
    if (held === undefined) throw new NotNow("wish.not_held", "The server has not said yet what became of this.");
    await this.command(command, { id: held.id }, newId(), {});
  }

  private find(identity: string): Entry | undefined {
    return this.mine.list().find(({ wish }) => wish.identity === identity);
  }

  private async edit(entry: Entry, wish: Entry["wish"] | null): Promise<void> {
    const seqs = await this.mine.save({ edits: [{ entry, shelf: entry.shelf, wish }] });
    this.loop?.wake();
    await this.told("wishes", seqs);
  }

  async want(bucket: string, on: boolean): Promise<void> {
    await this.mine.reload([]);
    const others = this.mine.wanted.filter((one) => one !== bucket);
    await this.mine.save({ edits: [], wanted: on ? [...others, bucket] : others });
    this.loop?.rewant();
    if (!on) await this.laying.drop(bucket);
    await this.told("mine");
  }

  lay(rows: PackedRows): Promise<void> {
    return this.laying.lay(rows).then(() => this.screen.refresh());
  }

  async whole(identity: string): Promise<OutboxItem> {
    const held = this.screen.held.find((op) => op.identity === identity);
    return itemOfHeld(await fetchWhole(this.wire, held, this.token));
  }

  exportOutbox(): Promise<string> {
    return exported(this.mine, this.screen.held, (held) => fetchWhole(this.wire, held, this.token), this.env.now());
  }

  // --- watching -------------------------------------------------------------------------------------------------------

  watch(watch: Watch): void {
    this.screen.watch(watch);
  }

  unwatch(key: number): void {
    this.screen.unwatch(key);
  }

  // --- the other tabs -------------------------------------------------------------------------------------------------

  private heard(word: Word): void {
    if (word.kind === "beat") this.leadership.heard();
    else if (word.kind === "wishes") this.reload(word.seqs);
    else if (word.kind === "mine") this.reload();
    else if (word.kind === "cut") void this.screen.refresh();
    else if (word.kind === "packed") void this.laying.wake().then(() => this.screen.refresh());
    else if (word.kind === "sync") this.loop?.hint();
    else if (word.kind === "hello") this.sayToTabs();
    else if (word.kind === "damaged") this.loop?.mend(word.pairs);
    else if (word.kind === "pause") this.setPaused(word.on);
    else if (!this.loop) this.say({ ...(word.status as Status), leader: false }); // Said by our own code in another tab.
  }

  private reload(seqs?: readonly number[]): void {
    const wanted = this.mine.wanted.join("\n");
    this.mine
      .reload(seqs)
      .then(() => {
        if (this.mine.wanted.join("\n") !== wanted) this.loop?.rewant();
        this.loop?.wake(); // Only now does it see what there is to send.
        return this.screen.refresh();
      })
      .then(() => this.count(0))
      .catch((error: unknown) => this.broke(error));
  }

  private async told(what: "wishes" | "cut" | "mine", seqs: readonly number[] = []): Promise<void> {
    this.channel.post(what === "wishes" ? { kind: what, seqs } : { kind: what });
    await this.screen.refresh();
    this.count(0);
  }

  sync(): void {
    if (this.loop) this.loop.hint();
    else this.channel.post({ kind: "sync" });
  }

  pause(on: boolean): void {
    this.channel.post({ kind: "pause", on });
    this.setPaused(on);
  }

  private mend(pairs: readonly Pair[]): void {
    if (this.loop) this.loop.mend(pairs);
    else {
      this.damaged.push(...pairs); // It is read once: if this tab leads later, it must still know.
      this.channel.post({ kind: "damaged", pairs });
    }
  }

  private setPaused(on: boolean): void {
    this.isPaused = on;
    this.loop?.setPaused(on);
  }

  // --- leading --------------------------------------------------------------------------------------------------------

  private async lead(lost: AbortSignal): Promise<void> {
    try {
      const { Loop } = await import("./loop.js"); // Reading and writing what is here needs none of it.
      const { env, wire, mine, store, token } = this;
      const loop = new Loop({
        env,
        wire,
        mine,
        store,
        token,
        laid: this.laying.chunk,
        told: (what, seqs) => this.toldByLoop(what, seqs),
        status: (part) => this.say(part),
      });
      this.loop = loop;
      loop.setPaused(this.isPaused);
      loop.mend(this.damaged.splice(0));
      this.say({ leader: true });
      await loop.run(lost);
    } catch (error) {
      if (error instanceof Overtaken || error instanceof Outrun) this.leadership.yieldTo();
      else if (isQuotaError(error)) {
        this.say({ problem: "quota" });
        await this.env.ballast.giveUp(); // It leads again in a second, with room or without.
      } else if (!this.isClosed) this.broke(error);
    } finally {
      this.loop = null;
      this.say({ leader: false });
    }
  }

  private toldByLoop(what: "wishes" | "cut" | "mine", seqs: readonly number[] = []): void {
    if (what === "wishes") this.count(seqs.length);
    void this.told(what, seqs);
  }

  private count(answered: number): void {
    const queued = this.screen.queued;
    this.say({ queued, sent: queued === 0 ? 0 : this.status.sent + answered });
  }

  private say(part: Partial<Status>): void {
    const status = { ...this.status, ...part };
    if (JSON.stringify(status) === JSON.stringify(this.status)) return;
    this.status = status;
    this.post({ status });
    this.sayToTabs();
  }

  private sayToTabs(): void {
    if (this.loop) this.channel.post({ kind: "status", status: this.status });
  }

  /** A bug, or a store that does not open with this key: say so, touch nothing. */
  private broke(error: unknown): void {
    if (this.isClosed) return;
    this.say({ problem: "server", phase: "idle" });
    console.error("spark sync", error);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.leadership.stop();
    this.channel.close();
    this.mine.close();
    this.laying.close();
    this.store.close();
  }
}

/** The store that this key opens: the usual one, or one beside it when that is sealed with an older password's key. */
async function openMine(
  env: Env,
  request: OpenRequest,
  makeRoom: () => Promise<boolean>,
): Promise<{ mine: Mine; place: number }> {
  for (let place = 1; ; place++) {
    try {
      return {
        mine: await Mine.open(env.factory, mineName(request.userId, place), request.storageKey, makeRoom),
        place,
      };
    } catch (error) {
      if (!(error instanceof Damaged) || place === MINE_MAX) throw error;
    }
  }
}

const titled = ({ title, bucket, short, blobs }: WriteOptions) => ({
  title: title ?? null,
  bucket: bucket ?? null,
  short: short ?? null,
  ...(blobs?.length ? { blobs } : {}),
});
