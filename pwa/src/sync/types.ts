/** What screens may know of the engine: rows, wishes, and where each wish stands. */

import type { ReadonlySignal } from "@preact/signals";

export type Row = { readonly id: string } & Readonly<Record<string, unknown>>;
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Where a wish stands, in the words people see. `saved`: on this phone only. `sending`: on its way, no answer yet.
 * `sent`: the server answered, its effect is not in the shown rows yet. `received`: the shown rows contain it.
 * `waiting`: the server keeps it until something it needs arrives. `not_accepted`: refused, kept, with a reason.
 */
export type Outcome = "saved" | "sending" | "sent" | "received" | "waiting" | "not_accepted";

export type OpKind = "create" | "patch" | "delete" | "batch" | "command" | "void";

export interface OutboxItem {
  readonly identity: string;
  readonly n: number | null; // Given when it is first put into a request.
  readonly kind: OpKind;
  readonly name: string; // The collection, or the command.
  readonly args: Fields; // A command's arguments; a create's or patch's fields with `id`; a batch's rows.
  readonly state: Outcome;
  readonly code?: string; // Of a refusal: stable, `noun.reason`.
  readonly message?: string;
  readonly at: number; // Milliseconds since 1970, by the server's clock as far as it is known.
  readonly title?: string;
  readonly bytes: number;
  readonly isShort?: true; // Made on another phone, and long: `args` hold its short fields only. See `Engine.whole`.
}

export interface TierState {
  readonly tier: number;
  readonly rows: number; // As the server says.
  readonly rowsHeld: number;
  readonly bytes: number; // Of rows, as the server says; media not included.
  readonly state: "filling" | "full" | "absent";
}

export interface BucketState {
  readonly bucket: string;
  readonly tiers: readonly TierState[];
}

/** `erased`: the account is no more; what this phone keeps of it is to be removed. */
export type Problem = null | "sign_in" | "quota" | "upgrade" | "server" | "erased";

/** Measured, never taken from `navigator.onLine`. */
export interface Status {
  readonly link: "online" | "offline" | "slow";
  readonly phase: "idle" | "sending" | "receiving";
  readonly queued: number; // Wishes without an answer.
  readonly sent: number; // Answered since the queue was last empty: "sending `sent + 1` of `sent + queued`".
  readonly lastCutAt: number | null; // When the shown rows were last known to be the server's.
  readonly problem: Problem;
  readonly code: string | null; // Of the problem, where people who help need it: `noun.reason`.
  readonly leader: boolean; // This tab speaks with the server for all tabs of the person.
}

/** `loading`: the store is still being read; `value` may already hold the first rows. */
export interface Loadable<T> {
  readonly state: "loading" | "ready";
  readonly value: T;
}

export interface WriteOptions {
  readonly title?: string; // How the outbox names it to the person.
  readonly bucket?: string; // Where a created row will be seen before the server answers. Default: in lists of all buckets.
  readonly short?: Fields; // What a batch may say instead of longer fields, as the server reads them back.
  readonly blobs?: readonly string[]; // SHA-256 of files that it needs: the server keeps it waiting until they are there.
}

export interface CommandOptions {
  readonly title?: string;
  readonly after?: readonly string[]; // Identities that must be applied first.
  readonly group?: string; // Commands with the same name stand or fall together; queue them without a pause.
  readonly blobs?: readonly string[]; // As in WriteOptions.
}

/** A set's base files, as a pack names them. */
export interface PackedSet {
  readonly tier: number;
  readonly chunks: readonly (readonly [sha256: string, bytes: number, rows: number])[];
}

/** Rows of one bucket that came on a card, signed by the server: who gives them has checked that. */
export interface PackedRows {
  readonly bucket: string;
  readonly madeAt: number; // Milliseconds since 1970, like the next one.
  readonly shownUntil: number; // 0: not before the server gives the set.
  readonly sets: readonly PackedSet[];
  readonly chunks: ReadonlyMap<string, Blob>;
}

export interface Engine {
  readonly userId: string;
  readonly deviceId: string;
  /** Server layer with unsettled wishes over it, kept current. Same arguments, same signal. */
  rows<T extends Row>(
    collection: string,
    options?: { readonly bucket?: string },
  ): ReadonlySignal<Loadable<readonly T[]>>;
  row<T extends Row>(
    collection: string,
    id: string,
    options?: { readonly bucket?: string },
  ): ReadonlySignal<Loadable<T | undefined>>;
  /** Resolve with the wish's identity once it is durable on the phone. Reject with QuotaExceededError if it could not be kept. */
  create(collection: string, id: string, fields: Fields, options?: WriteOptions): Promise<string>;
  patch(collection: string, id: string, fields: Fields, options?: WriteOptions): Promise<string>;
  /** Delete a row, where its collection allows it to a phone. */
  remove(collection: string, id: string, options?: WriteOptions): Promise<string>;
  command(name: string, args: Fields, options?: CommandOptions): Promise<string>;
  /** Unsent, unsettled, waiting and refused wishes, newest last. */
  readonly outbox: ReadonlySignal<readonly OutboxItem[]>;
  /** The wish with all its args; of a short one they are fetched. Rejects with `wish.not_here` without a network. */
  whole(item: OutboxItem): Promise<OutboxItem>;
  /** Offer a refused wish again, under a new identity that replaces it. */
  retry(identity: string): Promise<void>;
  /** Give up a refused or still unsent wish. */
  withdraw(identity: string): Promise<void>;
  readonly buckets: ReadonlySignal<readonly BucketState[]>;
  readonly wanted: ReadonlySignal<readonly string[]>;
  want(bucket: string): Promise<void>;
  unwant(bucket: string): Promise<void>;
  /** Keep a pack's rows. Rejects with the code `pack.damaged`, or QuotaExceededError; then nothing of it is kept. */
  lay(rows: PackedRows): Promise<void>;
  readonly status: ReadonlySignal<Status>;
  /** Exchange now, if the link allows. */
  sync(): void;
  /** Hold back downloads of new rows; wishes and changes still go. */
  pause(on: boolean): void;
  /** Unsent and refused work as a JSON file that a person can keep. */
  exportOutbox(): Promise<Blob>;
  close(): Promise<void>;
}

export type JoinRule = "greater" | "smaller" | "earlier" | "later" | "union";
export type FieldRule = "lww" | "text" | "set" | "list" | "cas";
export type MergeRule =
  | "lww"
  | "append"
  | "fsm"
  | { readonly join: Readonly<Record<string, JoinRule>> }
  | { readonly fields: Readonly<Record<string, FieldRule>> };

/** What a patch says of a TEXT field, and of a SET field. */
export interface TextEdit {
  readonly was: unknown;
  readonly now: unknown;
}
export interface SetEdit {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

export interface Effect {
  readonly collection: string;
  readonly bucket?: string;
  readonly put?: Row;
  readonly patch?: { readonly id: string; readonly fields: Fields };
  readonly remove?: string; // The id of a row that is no longer shown.
}

/** What a command looks like before the server has answered. Pure: runs again on each change. */
export type CommandEffect = (args: Fields, at: number, me: { readonly userId: string }) => readonly Effect[];

export interface OverlayRules {
  readonly merge: Readonly<Record<string, MergeRule>>;
  readonly commands: Readonly<Record<string, CommandEffect>>;
}

export interface OpenOptions {
  readonly userId: string;
  readonly storageKey: CryptoKey; // AES-GCM 256.
  readonly shared: boolean; // The phone is shared: nothing of this person stays readable after closing.
  /** A fresh access token, or null while offline or signed out. Asked before each exchange. */
  readonly token: () => Promise<string | null>;
  readonly baseUrl?: string; // Default: this origin.
  readonly overlay: OverlayRules;
}
