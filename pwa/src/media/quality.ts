/** What of a file a phone takes, by the quality that its person chose. `server/media/quality.py` chooses alike:
 * `test/media/quality.json` holds the two together, and so a price said before is the price paid.
 */

import type { MediaFile, Rendition, Variant } from "../app/rows.ts";
import { chooseVariant, type Screen, thisScreen } from "./variants.ts";

export const QUALITIES = ["normal", "low", "audio", "text"] as const;
export type Quality = (typeof QUALITIES)[number];
export type Chosen = Rendition | Variant;

/** What this phone can show and play. */
export interface Traits extends Screen {
  readonly hasOpus: boolean;
}

const NORMAL_LINES = 360; // Of a film; more is asked for one by one.

export function thisPhone(): Traits {
  return { ...thisScreen(), hasOpus: document.createElement("audio").canPlayType("audio/ogg; codecs=opus") !== "" };
}

/** Everything that is kept of the file, what it is for first: a film comes with its poster and its captions. Nothing for
 * text. */
export function choose(file: MediaFile, quality: Quality, phone: Traits): readonly Chosen[] {
  if (quality === "text") return [];
  const isSaving = quality === "low" || phone.isSaving;
  switch (file.kind ?? "image") {
    case "image":
      return quality === "audio" ? [] : some(chooseVariant(file, { ...phone, isSaving }));
    case "document":
      return quality === "audio" ? [] : some(named(file, "pdf"));
    case "package":
      return quality === "audio" ? [] : some(named(file, "package"));
    case "video":
    case "audio":
    case "captions": {
      const film = quality === "audio" ? undefined : filmOf(file, isSaving);
      const one = film ?? soundOf(file, phone);
      return [...some(one), ...some(one && posterOf(file)), ...captionsOf(file)];
    }
    default:
      return []; // Shown online alone.
  }
}

/** Films of a file, the smallest first. */
export function filmsOf(file: MediaFile): readonly Rendition[] {
  const films = (file.renditions ?? []).filter((one) => /^v\d+$/.test(one.name));
  return films.sort((a, b) => linesOf(a) - linesOf(b));
}

export function soundOf(file: MediaFile, phone: Traits): Rendition | undefined {
  const [opus, mp3] = [named(file, "opus"), named(file, "mp3")];
  return phone.hasOpus ? (opus ?? mp3) : (mp3 ?? opus);
}

/** A small picture of a film. Those of before were large JPEGs, which are not shown. */
export function posterOf(file: MediaFile): Rendition | undefined {
  const found = file.kind === "video" ? named(file, "thumb") : undefined;
  return found?.mime === "image/webp" ? found : undefined;
}

export function captionsOf(file: MediaFile): readonly Rendition[] {
  return (file.renditions ?? []).filter((one) => one.name.startsWith("captions."));
}

export function named(file: MediaFile, name: string): Rendition | undefined {
  return file.renditions?.find((one) => one.name === name);
}

function filmOf(file: MediaFile, isSmallest: boolean): Rendition | undefined {
  const films = filmsOf(file);
  return isSmallest ? films[0] : (films.findLast((film) => linesOf(film) <= NORMAL_LINES) ?? films[0]);
}

const linesOf = (film: Rendition): number => Number(film.name.slice(1));
const some = <T>(one: T | undefined): readonly T[] => (one === undefined ? [] : [one]);
