/** Kept files as streams: for the service worker, and for packs. */

import { type KeptFile, PIECE_BYTES } from "../pieces.ts";

const SLICE_BYTES = 262_144; // Of a piece in memory, while it is played.

export type Cut = readonly [start: number, end: number]; // Both are bytes that are meant.

/** Only the pieces that are touched, a slice at a time, and none before it is asked for. */
export function streamOf(file: KeptFile, [start, end]: Cut): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = start;
  let number = -1;
  let piece: Blob | undefined;
  return new ReadableStream(
    {
      async pull(controller) {
        if (at > end) return controller.close();
        const wanted = Math.floor(at / PIECE_BYTES);
        if (wanted !== number) [number, piece] = [wanted, await file.pieceAt(wanted)];
        const from = at - number * PIECE_BYTES;
        const slice = piece?.slice(from, Math.min(from + SLICE_BYTES, PIECE_BYTES, end + 1 - number * PIECE_BYTES));
        if (!slice?.size) return controller.error(new TypeError("a piece of this file is gone"));
        controller.enqueue(new Uint8Array(await slice.arrayBuffer()));
        at += slice.size;
      },
    },
    { highWaterMark: 0 },
  );
}
