/** Pack files: a course's media from phone to phone, over Bluetooth or a card. `docs/reference/phone-media.md` has the format.
 *
 * Nothing in one is believed: each file must have the hash that it is named by, and a phone shows a file only where rows
 * from its own server name that hash. So a pack needs no signature, and no rights but those of who takes it in.
 */

import { findKept, piecesIn } from "../pieces.ts";
import { QUALITIES, type Quality } from "../quality.ts";
import { bringFile, isFull, type Wanted } from "./bringing.ts";
import { safeType } from "./receiving.ts";
import { streamOf } from "./streaming.ts";
import { type Entry, listEntries, type Part, zipOf } from "./zip.ts";

const FORMAT = 1;
const ABOUT = "pack.json";
const ABOUT_MAX = 4_194_304; // bytes
const SHA256 = /^[0-9a-f]{64}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface PackedFile extends Wanted {
  readonly mime: string;
}

export interface PackAbout {
  readonly courseId: string;
  readonly title: string;
  readonly quality: Quality;
  readonly files: readonly PackedFile[];
}

export type PackCode = "pack.format" | "pack.damaged";

/** Says by its code what is wrong with a file that was given as a pack. */
export class PackRefused extends Error {
  constructor(readonly code: PackCode) {
    super(code);
  }
}

/** Of these files, those that are here whole. Raises RangeError for more than a pack can hold. */
export async function writePack(course: { id: string; title: string }, quality: Quality, files: readonly Wanted[]) {
  const parts: Part[] = [];
  const packed: PackedFile[] = [];
  for (const { sha256, bytes } of files) {
    const kept = await findKept(sha256);
    if (!kept) continue;
    const pieces = await Promise.all(Array.from({ length: piecesIn(kept.bytes) }, (_, number) => kept.pieceAt(number)));
    const body = pieces.filter((piece) => piece !== undefined);
    if (body.length < pieces.length) continue; // It lost a piece: not whole.
    packed.push({ sha256, bytes, mime: kept.mime });
    parts.push({ name: `files/${sha256}`, bytes: kept.bytes, body, stream: streamOf(kept, [0, kept.bytes - 1]) });
  }
  const about = { format: FORMAT, course, quality, made_at: new Date().toISOString(), files: packed };
  const text = new Blob([JSON.stringify(about)]);
  return zipOf([{ name: ABOUT, bytes: text.size, body: [text], stream: text.stream() }, ...parts]);
}

export interface OpenPack extends PackAbout {
  readonly blob: Blob;
  readonly entries: ReadonlyMap<string, Entry>;
}

/** Raises PackRefused. */
export async function openPack(blob: Blob): Promise<OpenPack> {
  const entries = await listEntries(blob);
  const about = entries?.get(ABOUT);
  if (!entries || !about) throw new PackRefused("pack.format");
  if (about.bytes > ABOUT_MAX) throw new PackRefused("pack.damaged");
  const text = await blob.slice(about.at, about.at + about.bytes).text();
  const read = readAbout(text);
  if (!read) throw new PackRefused("pack.damaged");
  return { ...read, blob, entries };
}

export interface Taken {
  readonly kept: number; // Here now, with those that were here before.
  readonly broken: number;
}

/** Keep what the pack holds, each file verified. Raises QuotaExceededError; what was kept until then stays. */
export async function takePack(pack: OpenPack, onBytes: (all: number) => void): Promise<Taken> {
  let [kept, broken, before] = [0, 0, 0];
  for (const file of pack.files) {
    const ask = async (sha256: string, start: number, end: number | null) => answerFrom(pack, sha256, start, end);
    try {
      await bringFile({ ...file, ask, signal: new AbortController().signal, onBytes: (all) => onBytes(before + all) });
      kept += 1;
    } catch (error) {
      if (isFull(error)) throw error;
      broken += 1; // Cut off, of another content, or only named.
    }
    before += file.bytes;
  }
  return { kept, broken };
}

/** As a server would: the file is verified by the same code, and a pack taken in twice goes on where it stopped. */
function answerFrom({ blob, entries, files }: OpenPack, sha256: string, start: number, end: number | null): Response {
  const entry = entries.get(`files/${sha256}`);
  if (!entry) return new Response(null, { status: 404 });
  const last = Math.min(end ?? entry.bytes - 1, entry.bytes - 1);
  const headers = {
    "content-type": safeType(files.find((file) => file.sha256 === sha256)?.mime ?? ""),
    "content-range": `bytes ${start}-${last}/${entry.bytes}`,
  };
  return new Response(blob.slice(entry.at + start, entry.at + last + 1), { status: 206, headers });
}

function readAbout(text: string): PackAbout | null {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  const { format, course, quality, files } = (read ?? {}) as Record<string, unknown>; // Each is looked at below.
  const { id, title } = (course ?? {}) as Record<string, unknown>;
  if (format !== FORMAT || typeof id !== "string" || !UUID.test(id) || !Array.isArray(files)) return null;
  const known = QUALITIES.find((name) => name === quality);
  if (!known || !files.every(isPacked)) return null;
  return { courseId: id, title: typeof title === "string" ? title.slice(0, 255) : "", quality: known, files };
}

function isPacked(file: unknown): file is PackedFile {
  const { sha256, bytes, mime } = (file ?? {}) as Record<string, unknown>;
  const isSize = Number.isSafeInteger(bytes) && (bytes as number) > 0; // An integer, by the words before.
  return typeof sha256 === "string" && SHA256.test(sha256) && isSize && typeof mime === "string";
}
