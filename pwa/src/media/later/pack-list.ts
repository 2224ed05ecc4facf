/** `pack.json`: what a pack says that it holds. Read as something from a stranger. */

import type { PackedSet } from "#sync";
import { QUALITIES, type Quality } from "../quality.ts";
import type { Wanted } from "./bringing.ts";

const SHA256 = /^[0-9a-f]{64}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const CHUNK_BYTES_MAX = 4_194_304;
const TIER_MAX = 3;

export interface PackedFile extends Wanted {
  readonly mime: string;
}

export interface PackAbout {
  readonly format: 1 | 2; // 2: signed, with rows.
  readonly courseId: string;
  readonly title: string;
  readonly quality: Quality;
  readonly madeAt: number;
  readonly expiresAt: number;
  readonly sets: readonly PackedSet[];
  readonly files: readonly PackedFile[];
  readonly missing: number; // Files that the server had lost when it made the pack.
}

/** Null: it is no list of a pack, or of one that this version does not know. */
export function readAbout(text: string): PackAbout | null {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  const { format, course, quality, files, sets = [], ...times } = recordOf(read);
  const { id, title } = recordOf(course);
  if ((format !== 1 && format !== 2) || typeof id !== "string" || !UUID.test(id) || !Array.isArray(files)) return null;
  const known = QUALITIES.find((name) => name === quality);
  if (!known || !files.every(isFile) || !Array.isArray(sets)) return null;
  const rows = format === 2 ? sets.map((set) => readSet(set, `course:${id}`)) : [];
  if (!rows.every((set) => set !== null)) return null;
  const [madeAt, expiresAt] = [timeOf(times.made_at), timeOf(times.expires_at)];
  const named = typeof title === "string" ? title.slice(0, 255) : "";
  const missing = Array.isArray(times.missing) ? times.missing.length : 0;
  return { format, courseId: id, title: named, quality: known, madeAt, expiresAt, sets: rows, files, missing };
}

/** Of its own course alone: no other set, nobody's own rows. */
function readSet(value: unknown, ofCourse: string): PackedSet | null {
  const { bucket, tier, chunks } = recordOf(value);
  const isTier = Number.isInteger(tier) && Number(tier) >= 0 && Number(tier) <= TIER_MAX;
  if (bucket !== ofCourse || !isTier || !Array.isArray(chunks) || !chunks.every(isChunk)) return null;
  return { tier: Number(tier), chunks };
}

function isChunk(value: unknown): value is PackedSet["chunks"][number] {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [sha256, bytes, rows] = value as readonly unknown[];
  return isName(sha256) && isSize(bytes) && Number(bytes) <= CHUNK_BYTES_MAX && isSize(rows);
}

function isFile(file: unknown): file is PackedFile {
  const { sha256, bytes, mime } = recordOf(file);
  return isName(sha256) && isSize(bytes) && typeof mime === "string";
}

const recordOf = (value: unknown): Record<string, unknown> => Object(value) as Record<string, unknown>; // Each field is looked at.
const isName = (value: unknown): value is string => typeof value === "string" && SHA256.test(value);
const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0;
const timeOf = (value: unknown): number => (typeof value === "string" ? Date.parse(value) || 0 : 0);
