/** Which of a file's sizes this phone wants. */

import type { MediaFile, Variant } from "../app/rows.ts";

export interface Screen {
  readonly width: number;
  readonly ratio: number;
  readonly isSaving: boolean;
}

const COLUMN_PX = 720; // Pictures are never shown wider than the reading column.

/** The smallest that looks sharp here; with data saving, the smallest of all. None: the file has no sizes. */
export function chooseVariant(file: Pick<MediaFile, "variants">, screen: Screen): Variant | undefined {
  const sizes = [...file.variants].sort((a, b) => (a.width ?? 0) - (b.width ?? 0) || a.bytes - b.bytes);
  if (screen.isSaving) return sizes[0];
  const wanted = Math.min(screen.width, COLUMN_PX) * Math.min(screen.ratio, 2);
  return sizes.find((size) => (size.width ?? 0) >= wanted) ?? sizes.at(-1);
}

export function thisScreen(): Screen {
  const connection = (navigator as { connection?: { saveData?: boolean } }).connection; // Not in every browser's types.
  return {
    width: Math.min(screen.width, screen.height),
    ratio: devicePixelRatio,
    isSaving: connection?.saveData ?? false,
  };
}
