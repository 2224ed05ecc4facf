/** What of a lesson is still on its way to the server. */

import type { Engine } from "#sync";
import type { Block } from "../catalog/blocks.ts";
import { filesOf } from "./editing.ts";

/** Hashes of the files that are still on their way: the server keeps the words waiting for them. */
export async function blobsOf(engine: Engine, blocks: readonly Block[]): Promise<readonly string[]> {
  const wanted = new Set(filesOf(blocks));
  if (wanted.size === 0) return [];
  const { uploadsOf } = await import("../../uploads/use.ts");
  const uploads = (await uploadsOf(engine)).all.peek();
  const under = uploads.filter((upload) => wanted.has(upload.fileId) && upload.state !== "ready");
  return [...new Set(under.map((upload) => upload.sha256))];
}
