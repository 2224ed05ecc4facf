/** Opens a package on this phone: its outline, and its files as blobs. */

import { typeOf } from "./kinds.ts";
import type { Opened, Outline } from "./outline.ts";
import { BadZip, openZip, type Zip } from "./zip.ts";

export const INDEX = "spark-package.json";

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
