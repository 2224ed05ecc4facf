/** The uploads of the person who is here. The queue itself is fetched when somebody first looks. */

import { useEffect, useState } from "preact/hooks";
import type { Engine } from "#sync";
import { insist } from "../app/insist.ts";
import { useEngine } from "../app/use.ts";
import type { Uploads } from "./queue.ts";

export { fileIdOf } from "./ids.ts";

const queues = new WeakMap<Engine, Promise<Uploads>>();

/** The uploads of this person; null while they are being read. */
export function useUploads(): Uploads | null {
  const engine = useEngine();
  const [uploads, setUploads] = useState<Uploads | null>(null);
  useEffect(() => insist(() => uploadsOf(engine), setUploads), [engine]);
  return uploads;
}

export function uploadsOf(engine: Engine): Promise<Uploads> {
  const known = queues.get(engine) ?? import("./start.ts").then(({ start }) => start(engine));
  queues.set(engine, known);
  known.catch(() => queues.delete(engine)); // The next look tries again.
  return known;
}
