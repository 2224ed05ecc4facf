/** How a file lies on this phone, known to the page and to the service worker alike.
 *
 *   /media/{sha256}          a verified file of at most one piece
 *   /media/{sha256}/whole    says that a larger file is whole and verified; its size and type are in the headers
 *   /media/{sha256}/{n}      a piece of 1 MiB; the last one shorter. Without the word `whole`: what has come so far
 *   /media/{sha256}/come     where the hash stood after the last whole piece
 *
 * In Cache Storage, not in IndexedDB: what is deleted there frees its room at once, and a film is read piece by piece.
 */

export const PIECE_BYTES = 1_048_576;
export const SIZE_HEADER = "x-spark-bytes";

const STORE = "spark-media-1";

export interface KeptFile {
  readonly bytes: number;
  readonly mime: string;
  pieceAt(number: number): Promise<Blob | undefined>;
}

export const openStore = (): Promise<Cache> => caches.open(STORE);

export const smallOf = (sha256: string): string => `/media/${sha256}`;
export const wholeOf = (sha256: string): string => `/media/${sha256}/whole`;
export const comeOf = (sha256: string): string => `/media/${sha256}/come`;
export const pieceOf = (sha256: string, number: number): string => `/media/${sha256}/${number}`;
export const piecesIn = (bytes: number): number => Math.ceil(bytes / PIECE_BYTES);

/** A verified file; null: it is not here. */
export async function findKept(sha256: string): Promise<KeptFile | null> {
  const store = await openStore();
  const small = await store.match(smallOf(sha256));
  if (small) {
    const blob = await small.blob();
    return { bytes: blob.size, mime: typeOf(small), pieceAt: async () => blob };
  }
  const whole = await store.match(wholeOf(sha256));
  if (!whole) return null;
  return {
    bytes: Number(whole.headers.get(SIZE_HEADER)),
    mime: typeOf(whole),
    pieceAt: async (number) => (await store.match(pieceOf(sha256, number)))?.blob(),
  };
}

export const typeOf = (answer: Response): string => answer.headers.get("content-type") ?? "application/octet-stream";
