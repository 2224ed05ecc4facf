/** Files that were chosen on this phone: shown from it, also before they were sent and after the app was opened again. */

import type { Engine } from "#sync";
import { uploadsOf } from "../../uploads/use.ts";
import { ownFiles } from "../catalog/own.ts";

export function keepChosen(fileId: string, file: Blob): void {
  if (ownFiles.peek().has(fileId)) return;
  ownFiles.value = new Map([...ownFiles.peek(), [fileId, URL.createObjectURL(file)]]);
}

/** Those that still lie with the uploads of this phone. */
export async function showChosen(engine: Engine, fileIds: readonly string[]): Promise<void> {
  const uploads = await uploadsOf(engine);
  for (const fileId of fileIds) {
    const file = ownFiles.peek().has(fileId) ? null : await uploads.bytesOf(fileId);
    if (file) keepChosen(fileId, file);
  }
}
