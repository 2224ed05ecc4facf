/** Imports: the file goes up as an upload, which no cut link loses; then the server's job is asked how far it is. */

import { accessToken } from "../../app/auth.ts";
import { Refused, request } from "../../app/http.ts";
import type { Uploads } from "../../uploads/queue.ts";
import type { Kept, Upload } from "../../uploads/types.ts";

export type ImportKind = "cartridge" | "course" | "scorm" | "gift" | "aiken" | "csv" | "moodle_xml" | "qti";

export interface ImportItem {
  readonly item: string; // As the file names it.
  readonly title?: string;
  readonly kind?: string;
  readonly status: "ok" | "partial" | "skipped" | "failed";
  readonly reasons?: readonly { readonly message: string }[];
  readonly reasons_count?: number; // Of all: the list may be cut.
}

export interface Sums {
  readonly sections: number;
  readonly lessons: number;
  readonly questions: number;
  readonly files: number;
  readonly bytes: number;
}

export interface ImportJob {
  readonly id: string;
  readonly state: "queued" | "running" | "done" | "failed";
  readonly progress_ppm?: number;
  readonly step?: string | null;
  readonly report?: {
    readonly items: readonly ImportItem[];
    readonly totals?: Readonly<Record<string, number>>;
  } | null;
  readonly course_slug?: string | null;
  readonly error?: string | { readonly code: string; readonly message: string } | null;
  readonly dry_run?: boolean;
  readonly would?: Sums | null;
}

export const FILE_BYTES_MAX = 200_000_000;

export interface Order {
  readonly kind: ImportKind;
  readonly course?: string; // Slug, for questions and packages.
  readonly practice?: string; // Title of the practice test, for questions.
  readonly publish: boolean;
  readonly dryRun: boolean;
}

/** Have the file sent, however often the link is cut; its id in the queue. One that was imported before is sent anew. */
export async function send(uploads: Uploads, file: File): Promise<string> {
  const added = await uploads.add(file, { purpose: "import" });
  if (uploads.of(added.id).peek()?.state !== "ready") return added.id;
  await uploads.cancel(added.id);
  return (await uploads.add(file, { purpose: "import" })).id;
}

/** Whether all of it is at the server. */
export const isThere = (upload: Upload | undefined): boolean => upload?.state === "checking";

/** Resolves with the job's id. Raises Refused. */
export async function start(userId: string, upload: Upload, order: Order): Promise<string> {
  const body = {
    upload_id: (upload as Partial<Kept>).session ?? upload.id,
    kind: order.kind,
    dry_run: order.dryRun,
    publish: order.publish,
    ...(order.course ? { course: order.course } : {}),
    ...(order.practice ? { practice: order.practice } : {}),
  };
  const headers = await authorized(userId);
  return (await request<{ id: string }>("POST", "/api/v1/imports", { body, headers })).id;
}

/** What was tried, for good; without sending the file again. Raises Refused. */
export async function apply(userId: string, id: string): Promise<void> {
  await request("POST", `/api/v1/imports/${id}/apply`, { headers: await authorized(userId) });
}

export async function readJob(userId: string, id: string): Promise<ImportJob> {
  return request<ImportJob>("GET", `/api/v1/imports/${id}`, { headers: await authorized(userId) });
}

export async function authorized(userId: string): Promise<{ authorization: string }> {
  const token = await accessToken(userId);
  if (token === null) throw new Refused("network.offline", "");
  return { authorization: `Bearer ${token}` };
}
