/** Files by their SHA-256: nothing is shown that was not verified.
 *
 * Media of courses is not secret to a phone that holds the course; rows are sealed, media is not.
 */

import { findKept, openStore, PIECE_BYTES, piecesIn, SIZE_HEADER, wholeOf } from "./pieces.ts";

export interface Holding {
  readonly whole: ReadonlySet<string>; // Hashes of verified files.
  readonly came: ReadonlyMap<string, number>; // Bytes of files that are not whole, rounded to pieces.
}

/** What lies on this phone, of all people and courses. A file that lost a piece is not whole. */
export async function holding(): Promise<Holding> {
  const store = await openStore();
  const whole = new Set<string>();
  const marked: string[] = [];
  const pieces = new Map<string, number>();
  for (const { url } of await store.keys()) {
    const [sha256 = "", part] = new URL(url).pathname.slice("/media/".length).split("/");
    if (part === undefined) whole.add(sha256);
    else if (part === "whole") marked.push(sha256);
    else if (part !== "come") pieces.set(sha256, (pieces.get(sha256) ?? 0) + 1);
  }
  await Promise.all(
    marked.map(async (sha256) => {
      const bytes = Number((await store.match(wholeOf(sha256)))?.headers.get(SIZE_HEADER));
      if (pieces.get(sha256) === piecesIn(bytes)) whole.add(sha256);
    }),
  );
  const came = [...pieces].filter(([sha256]) => !whole.has(sha256));
  return { whole, came: new Map(came.map(([sha256, count]) => [sha256, count * PIECE_BYTES])) };
}

/** The whole file, its bytes left where they lie. Null: it is not here. */
export async function readFile(sha256: string): Promise<Blob | null> {
  const kept = await findKept(sha256);
  if (!kept) return null;
  const numbers = Array.from({ length: piecesIn(kept.bytes) }, (_, number) => number);
  const pieces = (await Promise.all(numbers.map(kept.pieceAt))).filter((piece) => piece !== undefined);
  return pieces.length === numbers.length ? new Blob(pieces, { type: kept.mime }) : null;
}
