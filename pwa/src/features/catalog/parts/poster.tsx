/** A small picture of a film, before it plays and beside its sound: shown where this phone has it, and never fetched for. */

import type { MediaFile } from "../../../app/rows.ts";
import { posterOf } from "../../../media/quality.ts";
import { useDownloads } from "../../../media/use.ts";
import { useAddress } from "../playing.ts";

export function usePoster(file: MediaFile): string | undefined {
  const poster = posterOf(file);
  const isKept = useDownloads().isKept(poster?.sha256 ?? "");
  return useAddress(isKept ? poster?.sha256 : undefined).address;
}

export function Poster({ file }: { file: MediaFile }) {
  const poster = posterOf(file);
  const address = usePoster(file);
  if (!address) return null;
  return <img class="poster" src={address} alt="" width={poster?.width ?? 480} height={poster?.height ?? 270} />;
}
