/** Pack files: a course from phone to phone, over Bluetooth or a card. `docs/reference/packs.md` has the format.
 *
 * A pack that the server signed holds the course's rows too, and is read with no network. One that a phone made without
 * asking holds media alone and needs no signature: each file must have the hash that it is named by, and is shown only
 * where rows from the own server name that hash. No pack gives a right.
 */

import type { PackedRows } from "#sync";
import { findKept, piecesIn } from "../pieces.ts";
import type { Quality } from "../quality.ts";
import { bringFile, isFull, type Wanted } from "./bringing.ts";
import { type PackAbout, type PackedFile, readAbout } from "./pack-list.ts";
import { safeType } from "./receiving.ts";
import { judge } from "./signing.ts";
import { streamOf } from "./streaming.ts";
import { type Entry, listEntries, type Part, zipOf } from "./zip.ts";

const ABOUT = "pack.json";
const SIGNATURE = "pack.sig";
const PURPOSE = "spark-pack";
const ABOUT_MAX = 4_194_304; // bytes
const SIGNATURE_MAX = 1_000;

export type PackCode = "pack.format" | "pack.damaged" | "pack.signature" | "pack.key_unknown";

/** Says by its code what is wrong with a file that was given as a pack. */
export class PackRefused extends Error {
  constructor(readonly code: PackCode) {
    super(code);
  }
}

/** A list that the server signed, and the rows that it names. */
export interface SignedRows {
  readonly manifest: string;
  readonly signature: string;
  readonly chunks: ReadonlyMap<string, Blob>;
}

/** Of these files, those that are here whole; with `rows`, signed. Raises RangeError for more than a pack can hold. */
export async function writePack(
  course: { id: string; title: string },
  quality: Quality,
  files: readonly Wanted[],
  rows?: SignedRows,
) {
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
  const about = { format: 1, course, quality, made_at: new Date().toISOString(), files: packed };
  if (!rows) return zipOf([partOf(ABOUT, new Blob([JSON.stringify(about)])), ...parts]);
  const chunks = [...rows.chunks].map(([sha256, chunk]) => partOf(`rows/${sha256}`, chunk));
  const signed = [partOf(ABOUT, new Blob([rows.manifest])), partOf(SIGNATURE, new Blob([rows.signature]))];
  return zipOf([...signed, ...chunks, ...parts]);
}

const partOf = (name: string, blob: Blob): Part => ({ name, bytes: blob.size, body: [blob], stream: blob.stream() });

export interface OpenPack extends PackAbout {
  readonly blob: Blob;
  readonly entries: ReadonlyMap<string, Entry>;
}

/** Raises PackRefused; nothing is kept yet, and nothing but the list was read. */
export async function openPack(blob: Blob): Promise<OpenPack> {
  const entries = await listEntries(blob);
  const about = entries?.get(ABOUT);
  if (!entries || !about) throw new PackRefused("pack.format");
  if (about.bytes > ABOUT_MAX) throw new PackRefused("pack.damaged");
  const body = new Uint8Array(await sliceOf(blob, about).arrayBuffer());
  const read = readAbout(new TextDecoder().decode(body));
  if (!read) throw new PackRefused("pack.damaged");
  if (read.format === 2) await checkSignature(blob, entries.get(SIGNATURE), body);
  for (const [sha256, bytes] of read.sets.flatMap((set) => set.chunks))
    if (entries.get(`rows/${sha256}`)?.bytes !== bytes) throw new PackRefused("pack.damaged");
  return { ...read, blob, entries };
}

async function checkSignature(blob: Blob, entry: Entry | undefined, body: Uint8Array<ArrayBuffer>): Promise<void> {
  const isThere = entry !== undefined && entry.bytes <= SIGNATURE_MAX;
  const verdict = isThere ? await judge(PURPOSE, body, await sliceOf(blob, entry).text()) : "bad";
  if (verdict !== "good") throw new PackRefused(verdict === "bad" ? "pack.signature" : "pack.key_unknown");
}

const sliceOf = (blob: Blob, { at, bytes }: Entry): Blob => blob.slice(at, at + bytes);

/** For the engine: each base file stays in the pack until it is read. `isOpen`: this person may read the course already. */
export function rowsIn(pack: OpenPack, isOpen: boolean): PackedRows {
  const { courseId, madeAt, expiresAt, sets, entries, blob } = pack;
  const names = sets.flatMap((set) => set.chunks.map(([sha256]) => sha256));
  const chunks = names.flatMap((sha256) => {
    const entry = entries.get(`rows/${sha256}`);
    return entry ? [[sha256, sliceOf(blob, entry)] as const] : [];
  });
  return { bucket: `course:${courseId}`, madeAt, shownUntil: isOpen ? expiresAt : 0, sets, chunks: new Map(chunks) };
}

export interface Taken {
  readonly kept: number; // Here now, with those that were here before.
  readonly broken: number;
  readonly missing: number; // Named, and not in it: they come from the server.
}

/** Keep what the pack holds, each file verified. Raises QuotaExceededError; what was kept until then stays. */
export async function takePack(pack: OpenPack, onBytes: (all: number) => void): Promise<Taken> {
  let [kept, broken, missing, before] = [0, 0, pack.missing, 0];
  for (const file of pack.files) {
    if (!pack.entries.has(`files/${file.sha256}`)) {
      missing += 1;
      continue;
    }
    const ask = async (sha256: string, start: number, end: number | null) => answerFrom(pack, sha256, start, end);
    try {
      await bringFile({ ...file, ask, signal: new AbortController().signal, onBytes: (all) => onBytes(before + all) });
      kept += 1;
    } catch (error) {
      if (isFull(error)) throw error;
      broken += 1; // Cut off, or of another content.
    }
    before += file.bytes;
  }
  return { kept, broken, missing };
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
