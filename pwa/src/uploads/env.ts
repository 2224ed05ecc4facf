/** What the queue of uploads needs of where it runs. */

import type { Row } from "#sync";
import type { Factory } from "../sync/worker/db.ts";
import type { Link, Session } from "./sender.ts";

export interface Env {
  readonly userId: string;
  readonly key: CryptoKey;
  readonly factory: Factory;
  readonly link: Link;
  readonly now: () => number;
  readonly pauseMs: (tries: number) => number; // After the link was cut so many times in a row.
  /** Calls `run` once this tab is the one that sends; its signal says when it no longer is. */
  readonly lead: (run: (lost: AbortSignal) => Promise<void>) => void;
  readonly tell: (word: Word) => void; // To the other tabs.
  /** This page holds the file of an upload, as long as it is open; `isHeld`: one of the person's pages does. */
  readonly hold: (id: string) => void;
  readonly isHeld: (id: string) => Promise<boolean>;
  readonly pending: (any: boolean) => void; // Whether something is to be sent: noted where the app sees it at its start.
}

export type Word = { readonly changed: true } | { readonly id: string; readonly sent: number };

/** A row of `media.uploads`. */
export type UploadRow = Row & {
  readonly state: Session["state"];
  readonly progress_ppm: number;
  readonly reason_code: string | null;
  readonly reason: string | null;
};
