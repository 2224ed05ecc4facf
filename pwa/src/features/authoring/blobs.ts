/** What of a lesson is still on its way to the server. */

import { useEffect } from "preact/hooks";
import type { Engine } from "#sync";
import { useEngine } from "../../app/use.ts";
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

/** Files of these blocks that lie on this phone are shown from here, until the server has made its own of them. */
export function useOwnFiles(blocks: readonly Block[]): void {
  const engine = useEngine();
  const names = filesOf(blocks).join(" ");
  useEffect(() => {
    if (names === "") return;
    import("./chosen.ts").then(({ showChosen }) => showChosen(engine, names.split(" "))).catch(() => undefined); // Closed meanwhile, or without this script: they are shown as to others.
  }, [engine, names]);
}
