/** What packs have brought, where there is any: opened when somebody lays one, and by those who come after. */

import { packedName } from "../names.js";
import type { PackedRows } from "../types.js";
import type { Channel, Env } from "./env.js";
import type { Laid } from "./fetching.js";
import type { Packed } from "./packed.js";
import type { RowStore } from "./rows.js";
import type { View } from "./view.js";

export interface LayingDeps {
  readonly env: Env;
  readonly place: number;
  readonly store: RowStore;
  readonly view: View;
  readonly channel: Channel;
}

export class Laying {
  constructor(
    private readonly person: { readonly userId: string; readonly storageKey: CryptoKey },
    private readonly deps: LayingDeps,
  ) {}

  readonly chunk: Laid = async (bucket, sha256) => (await this.deps.view.packed?.chunk(bucket, sha256)) ?? null;

  /** At the start, and when another tab has laid something: most phones never hold a pack, and load nothing for it. */
  async wake(): Promise<void> {
    const { view, store } = this.deps;
    if (view.packed) await view.packed.reload();
    else if (await store.hasPacks()) await this.open();
  }

  async lay(rows: PackedRows): Promise<void> {
    const packed = await this.open();
    await packed.lay(rows);
    await this.deps.store.notePacks();
    this.deps.channel.post({ kind: "packed" });
  }

  async drop(bucket: string): Promise<void> {
    await this.deps.view.packed?.drop(bucket);
  }

  close(): void {
    this.deps.view.packed?.close();
  }

  private async open(): Promise<Packed> {
    const { userId, storageKey } = this.person;
    const { env, place, view } = this.deps;
    const { Packed } = await import("./packed.js");
    view.packed ??= await Packed.open(env.factory, packedName(userId, place), storageKey, env.now);
    return view.packed;
  }
}
