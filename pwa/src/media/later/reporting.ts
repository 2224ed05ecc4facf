/** Tells a course's teachers how far this phone has it: who set out for the bus with the lesson, and who did not. */

import type { ReadonlySignal } from "@preact/signals";
import { derivedId, type Engine, type Loadable, type Row } from "#sync";
import type { Course } from "../../app/rows.ts";
import type { Quality } from "../quality.ts";

export interface Readiness {
  readonly quality: Quality;
  readonly rows_ready: boolean;
  readonly files_ready: number;
  readonly files_wanted: number;
  readonly bytes: number;
}

const COLLECTION = "catalog.readiness";

/** Queues one small wish, and none where the server was told the same before. */
export async function report(engine: Engine, courseId: string, now: Readiness): Promise<void> {
  const { userId, deviceId } = engine;
  const bucket = `user:${userId}`;
  const id = await derivedId(COLLECTION, userId, courseId, deviceId);
  const told = await once(engine.row<Row & Readiness>(COLLECTION, id, { bucket }));
  if (told && isSame(told, now)) return;
  const title = (await once(engine.row<Course>("catalog.courses", courseId)))?.title ?? "";
  const fields = { ...now, checked_at: new Date().toISOString() };
  if (told) await engine.patch(COLLECTION, id, fields, { title });
  else await engine.create(COLLECTION, id, { course_id: courseId, device_id: deviceId, ...fields }, { title, bucket });
}

/** What is there once the store was read. */
export function once<T>(rows: ReadonlySignal<Loadable<T>>): Promise<T> {
  return new Promise((resolve) => {
    const stop = rows.subscribe(({ state, value }) => {
      if (state === "loading") return;
      resolve(value);
      queueMicrotask(() => stop()); // It may be there at once, before there is anything to stop.
    });
  });
}

/** Each file on its way is not worth a word: whether all is here, and in which quality, is. */
function isSame(a: Readiness, b: Readiness): boolean {
  const isWhole = (one: Readiness) => one.rows_ready && one.files_ready === one.files_wanted;
  return a.quality === b.quality && isWhole(a) === isWhole(b) && (!isWhole(b) || a.files_wanted === b.files_wanted);
}
