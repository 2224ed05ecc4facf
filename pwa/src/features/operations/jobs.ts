/** Jobs that the server gave up: read, and tried again. Nothing of it is kept on the phone. */

import { accessToken } from "../../app/auth.ts";
import { Refused, request } from "../../app/http.ts";

export interface FailedJob {
  readonly id: number;
  readonly kind: string; // "media.make_film"
  readonly about: Readonly<Record<string, string>>;
  readonly attempts: number;
  readonly created_at: string;
  readonly failed_at: string;
  readonly error: string;
}

export interface FailedJobs {
  readonly total: number;
  readonly jobs: readonly FailedJob[];
  readonly next: number | null; // `before` of the page after; null: that was the last.
}

/** The newest first. Raises Refused. */
export async function readFailed(userId: string, before?: number): Promise<FailedJobs> {
  const page = before === undefined ? "" : `?before=${before}`;
  return request<FailedJobs>("GET", `/api/v1/jobs/failed${page}`, { headers: await signed(userId) });
}

/** Have it run once more. Raises Refused. */
export async function retry(userId: string, id: number): Promise<void> {
  await request("POST", `/api/v1/jobs/${id}/retry`, { headers: await signed(userId) });
}

export async function signed(userId: string): Promise<HeadersInit> {
  const token = await accessToken(userId);
  if (token === null) throw new Refused("network.offline", "");
  return { authorization: `Bearer ${token}` };
}
