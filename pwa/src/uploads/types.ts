/** A file on its way, as screens and other features know it. */

export type Purpose = "course" | "library" | "question" | "import";

/**
 * `waiting`: for its turn or for the network. `checking`: all of it is at the server, which looks at it. `lost`: it was too
 * large to be kept here, and the page that held it was closed: the person has to choose it once more.
 */
export type UploadState = "waiting" | "sending" | "paused" | "checking" | "ready" | "refused" | "failed" | "lost";

export interface Upload {
  readonly id: string;
  readonly name: string;
  readonly mime: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly fileId: string; // Of `media.files`, as it will be: both sides compute it.
  readonly purpose: Purpose;
  readonly purposeId: string | null;
  readonly licence: string;
  readonly attribution: string;
  readonly addedAt: number;
  readonly state: UploadState;
  readonly sent: number; // Bytes that the server keeps, as far as we know.
  readonly isKept: boolean; // Its bytes are on this phone; else they live as long as the page.
  readonly progressPpm: number; // Of the server's work on it.
  readonly code: string | null; // Why it was refused, or what it waits for: `noun.reason`.
  readonly message: string | null;
}

export interface AddOptions {
  readonly purpose: Purpose;
  readonly purposeId?: string | null;
  readonly licence?: string;
  readonly attribution?: string;
  /** Bytes looked at so far: a film takes a while to be kept. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Added {
  readonly id: string;
  readonly sha256: string;
  readonly fileId: string;
}

/** What lies in the database: the upload, and what only the queue needs. */
export interface Kept extends Upload {
  readonly session: string; // The server's id of it: another one after eight days of silence.
  readonly endedAt: number | null;
}
