/** Imports: the file goes up with its progress told, then the server's job is asked how far it is. */

import { accessToken } from "../../app/auth.ts";
import { Refused, request, unwrap } from "../../app/http.ts";

export type ImportKind = "cartridge" | "gift";

export interface ImportItem {
  readonly item: string; // As the file names it.
  readonly title?: string;
  readonly status: "ok" | "partial" | "skipped" | "failed";
  readonly reason?: string | null;
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
}

export const FILE_BYTES_MAX = 200_000_000;

export interface Upload {
  readonly kind: ImportKind;
  readonly file: File;
  readonly course?: string; // Slug, for questions.
  readonly practice?: string; // Title of the practice test, for questions.
  readonly publish: boolean;
  readonly userId: string;
  readonly signal: AbortSignal;
  readonly onBytes: (sent: number) => void;
}

/** Resolves with the job's id. Raises Refused. */
export async function upload(wanted: Upload): Promise<string> {
  const token = await accessToken(wanted.userId);
  if (token === null) throw new Refused("network.offline", "");
  const query = new URLSearchParams({ kind: wanted.kind, publish: wanted.publish ? "1" : "0" });
  if (wanted.kind === "cartridge") query.set("access", "free");
  if (wanted.course) query.set("course", wanted.course);
  if (wanted.practice) query.set("practice", wanted.practice);
  const response = await send(`/api/v1/imports?${query}`, token, wanted);
  return (await unwrap<{ id: string }>(response)).id;
}

/** XMLHttpRequest, because fetch does not tell how much of a body has left. */
function send(address: string, token: string, { file, signal, onBytes }: Upload): Promise<Response> {
  return new Promise((resolve, reject) => {
    const going = new XMLHttpRequest();
    going.open("POST", address);
    going.setRequestHeader("authorization", `Bearer ${token}`);
    going.setRequestHeader("content-type", "application/octet-stream");
    going.setRequestHeader("x-file-name", encodeURIComponent(file.name));
    going.upload.onprogress = (event) => onBytes(event.loaded);
    going.onload = () => {
      const headers = { "content-type": going.getResponseHeader("content-type") ?? "" };
      resolve(new Response(going.responseText, { status: going.status, headers }));
    };
    going.onerror = () => reject(new Refused("network.offline", ""));
    going.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => going.abort());
    going.send(file);
  });
}

export async function readJob(userId: string, id: string): Promise<ImportJob> {
  const token = await accessToken(userId);
  if (token === null) throw new Refused("network.offline", "");
  return request<ImportJob>("GET", `/api/v1/imports/${id}`, { headers: { authorization: `Bearer ${token}` } });
}
