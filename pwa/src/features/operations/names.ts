/** Names of subjects that nobody knew: read, taken into the list, or merged. Nothing of it is kept on the phone. */

import { request } from "../../app/http.ts";
import { signed } from "./jobs.ts";

export interface WaitingName {
  readonly id: string;
  readonly name: string;
  readonly by_name: string;
  readonly created_at: string;
  readonly courses_count: number;
}

/** The longest waiting first. Raises Refused. */
export async function readNames(userId: string): Promise<readonly WaitingName[]> {
  return request<readonly WaitingName[]>("GET", "/api/v1/subjects/waiting", { headers: await signed(userId) });
}

/** Each answers what still waits. Raises Refused. */
export async function takeName(userId: string, id: string): Promise<readonly WaitingName[]> {
  return request("POST", `/api/v1/subjects/${id}/take`, { headers: await signed(userId) });
}

export async function mergeName(userId: string, id: string, into: string): Promise<readonly WaitingName[]> {
  const headers = await signed(userId);
  return request("POST", `/api/v1/subjects/${id}/merge`, { headers, body: { into_id: into } });
}
