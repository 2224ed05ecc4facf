/** The downloads of the person who is here. */

import type { Engine } from "#sync";
import { engine } from "../app/session.ts";
import { Downloads } from "./downloads.ts";

let made: Downloads | null = null;

/** One manager for each open store; the one before is closed when another person comes. */
export function useDownloads(): Downloads {
  const open = engine.value;
  if (!open) throw new Error("a screen was shown with no store open");
  return downloadsOf(open);
}

export function downloadsOf(open: Engine): Downloads {
  if (made?.engine !== open) {
    made?.close();
    made = new Downloads(open);
  }
  return made;
}
