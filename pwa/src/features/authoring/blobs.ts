/** Files that were chosen on this phone and have not arrived: the server keeps words waiting for them, the phone shows its own. */

import { useEffect } from "preact/hooks";
import type { Engine } from "#sync";
import { useEngine } from "../../app/use.ts";

/** Hashes of those among these files that are still on their way. */
export async function blobsOf(engine: Engine, fileIds: readonly string[]): Promise<readonly string[]> {
  const wanted = new Set(fileIds);
  if (wanted.size === 0) return [];
  const { uploadsOf } = await import("../../uploads/use.ts");
  const uploads = (await uploadsOf(engine)).all.peek();
  const under = uploads.filter((upload) => wanted.has(upload.fileId) && upload.state !== "ready");
  return [...new Set(under.map((upload) => upload.sha256))];
}

/** Those that lie on this phone are shown from here, until the server has made its own of them. */
export function useOwnFiles(fileIds: readonly string[]): void {
  const engine = useEngine();
  const names = fileIds.join(" ");
  useEffect(() => {
    if (names === "") return;
    import("./chosen.ts").then(({ showChosen }) => showChosen(engine, names.split(" "))).catch(() => undefined); // Closed meanwhile, or without this script: they are shown as to others.
  }, [engine, names]);
}
