/** A package on this phone: its outline, and its files as blobs. */

import { typeOf } from "./kinds.ts";
import { BadZip, openZip, type Zip } from "./zip.ts";

export const INDEX = "spark-package.json";

export interface Item {
  readonly id: string;
  readonly title: string;
  readonly path?: string; // Without one it is a heading over others.
  readonly query?: string;
  readonly sco?: boolean;
  readonly mastery?: string;
  readonly data?: string;
  readonly timeMax?: string;
  readonly timeAction?: string;
  readonly items?: readonly Item[];
}

export interface Outline {
  readonly edition: "1.2" | "2004";
  readonly title: string;
  readonly items: readonly Item[];
}

export interface Opened {
  readonly outline: Outline;
  readonly files: ReadonlyMap<string, Blob>;
}

/** Raises BadZip. */
export async function openPackage(body: Blob): Promise<Opened> {
  const zip = await openZip(body);
  const outline = JSON.parse(await (await zip.read(INDEX)).text()) as Outline & { format: number }; // Our server wrote it.
  if (outline.format !== 1) throw new BadZip("format");
  return { outline, files: await filesOf(zip) };
}

async function filesOf(zip: Zip): Promise<ReadonlyMap<string, Blob>> {
  const names = zip.names.filter((name) => name !== INDEX);
  return new Map(await Promise.all(names.map(async (name) => [name, await zip.read(name, typeOf(name))] as const)));
}

/** What can be opened, in the order of the contents. */
export function openable(items: readonly Item[]): readonly Item[] {
  return items.flatMap((item) => [...(item.path ? [item] : []), ...openable(item.items ?? [])]);
}
