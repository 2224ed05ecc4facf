/** What the page and its worker say to each other. Plain values: they are copied on the way. */

import type {
  BucketState,
  CommandOptions,
  Fields,
  MergeRule,
  OutboxItem,
  PackedRows,
  Row,
  Status,
  WriteOptions,
} from "./types.js";

/** A wish whose effect the shown rows lack: to be laid over them. */
export interface Pending {
  readonly identity: string;
  readonly kind: "create" | "patch" | "delete" | "command";
  readonly name: string;
  readonly id: string | null;
  readonly args: Fields;
  readonly at: number;
  readonly bucket: string | null;
}

export interface Watch {
  readonly key: number;
  readonly collection: string;
  readonly bucket: string | null;
  readonly id: string | null; // Of one row; null: the list.
}

export interface Opened {
  readonly deviceId: string;
  readonly wanted: readonly string[];
}

export interface OpenRequest {
  readonly userId: string;
  readonly storageKey: CryptoKey;
  readonly baseUrl: string;
  readonly merge: Readonly<Record<string, MergeRule>>;
}

/** Calls with an answer. */
export interface Calls {
  open(request: OpenRequest): Promise<Opened>;
  create(collection: string, id: string, fields: Fields, options: WriteOptions): Promise<string>;
  patch(collection: string, id: string, fields: Fields, options: WriteOptions): Promise<string>;
  remove(collection: string, id: string, options: WriteOptions): Promise<string>;
  command(name: string, args: Fields, identity: string, options: CommandOptions): Promise<string>;
  retry(identity: string): Promise<void>;
  withdraw(identity: string): Promise<void>;
  whole(identity: string): Promise<OutboxItem>;
  want(bucket: string, on: boolean): Promise<void>;
  lay(rows: PackedRows): Promise<void>;
  exportOutbox(): Promise<string>;
  close(): Promise<void>;
}

export type CallName = keyof Calls;

export type ToWorker =
  | {
      readonly [Name in CallName]: { readonly call: Name; readonly id: number; readonly args: Parameters<Calls[Name]> };
    }[CallName]
  | { readonly watch: Watch }
  | { readonly unwatch: number }
  | { readonly token: string | null }
  | { readonly tell: "sync" | "pause" | "resume" };

/** How a list differs from the one that the page holds: of that it keeps the first `head` and the last `tail`. */
export interface Splice<T> {
  readonly head: number;
  readonly tail: number;
  readonly put: readonly T[]; // What stands between them now.
}

/** Everything that changed on screen together: one cut, one paint. Absent: as before. */
export interface Shown {
  readonly rows: readonly (readonly [key: number, state: "loading" | "ready", rows: readonly Row[]])[];
  readonly pending?: Splice<Pending>;
  readonly outbox?: Splice<OutboxItem>;
  readonly buckets?: readonly BucketState[];
  readonly wanted?: readonly string[];
  readonly deviceId?: string;
}

export type ToPage =
  | { readonly answer: number; readonly value: unknown }
  | {
      readonly answer: number;
      readonly error: { readonly name: string; readonly message: string; readonly code?: string };
    }
  | { readonly shown: Shown }
  | { readonly status: Status }
  | { readonly askToken: true };

/** A wire between the halves: a Worker's, or a pair in memory for tests. */
export interface Port<Out, In> {
  post(message: Out): void;
  listen(hear: (message: In) => void): void;
  close(): void;
}
