/** For a pack of this phone's own: the list that the server signs, and the course's rows as its base files. */

import { accessToken } from "../../app/auth.ts";
import { Refused, request } from "../../app/http.ts";
import { type Quality, thisPhone } from "../quality.ts";
import { readAbout } from "./pack-list.ts";
import type { SignedRows } from "./packs.ts";

interface Answer {
  readonly manifest: string;
  readonly signature: unknown;
  readonly paths: readonly { readonly bucket: string; readonly path: string }[];
}

/** Null: no network, or a server that does not sign. Then the pack holds media alone. */
export async function fetchSignedRows(userId: string, courseId: string, quality: Quality): Promise<SignedRows | null> {
  const { width, ratio, hasOpus, isSaving } = thisPhone();
  const asked = new URLSearchParams({
    quality: isSaving && quality === "normal" ? "low" : quality,
    width: `${width}`,
    ratio: `${ratio}`,
    opus: `${hasOpus}`,
  });
  try {
    const headers = { authorization: `Bearer ${(await accessToken(userId)) ?? ""}` };
    const answer = await request<Answer>("GET", `/api/v1/courses/${courseId}/pack/manifest?${asked}`, { headers });
    const path = answer.paths[0]?.path ?? "";
    const names = readAbout(answer.manifest)?.sets.flatMap((set) => set.chunks.map(([sha256]) => sha256)) ?? [];
    const chunks = new Map<string, Blob>();
    for (const sha256 of new Set(names)) chunks.set(sha256, await fetchChunk(path + sha256));
    return { manifest: answer.manifest, signature: JSON.stringify(answer.signature), chunks };
  } catch (error) {
    if (error instanceof Refused || error instanceof TypeError) return null;
    throw error;
  }
}

async function fetchChunk(address: string): Promise<Blob> {
  const response = await fetch(address, { credentials: "omit" });
  if (!response.ok) throw new TypeError(`${response.status}`);
  return await response.blob(); // Whoever takes the pack checks it by its hash.
}
