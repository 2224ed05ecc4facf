/** The uploads of the person who is here. The queue itself is fetched when somebody first looks. */

import { useEffect, useState } from "preact/hooks";
import type { Engine } from "#sync";
import { useEngine } from "../app/use.ts";
import type { Uploads } from "./queue.ts";

export { fileIdOf } from "./ids.ts";

const queues = new WeakMap<Engine, Promise<Uploads>>();

/** The uploads of this person; null while they are being read. */
export function useUploads(): Uploads | null {
  const engine = useEngine();
  const [uploads, setUploads] = useState<Uploads | null>(null);
  useEffect(() => {
    let isHere = true;
    uploadsOf(engine).then(
      (opened) => isHere && setUploads(opened),
      () => undefined, // Not on this phone yet, or the person has left: there is nothing to show.
    );
    return () => {
      isHere = false;
    };
  }, [engine]);
  return uploads;
}

export function uploadsOf(engine: Engine): Promise<Uploads> {
  const known = queues.get(engine) ?? import("./start.ts").then(({ start }) => start(engine));
  queues.set(engine, known);
  known.catch(() => queues.delete(engine)); // The next look tries again.
  return known;
}
