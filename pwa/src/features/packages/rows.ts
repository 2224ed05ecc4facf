/** What is kept of packages, as rows: `packages.states` to go on with, `packages.results` for the learner and the teacher. */

import { derivedId, type Engine, type Row } from "#sync";
import type { Instant } from "../../app/rows.ts";
import { encode, type Kept, type Result } from "./scorm/kept.ts";

export type StateRow = Row & { package_id: string; item: string; data: string };

export type ResultRow = Row & {
  user_id: string;
  course_id: string;
  package_id: string;
  title: string;
  learner_name: string;
  score_ppm: number | null;
  seconds: number;
  opened_at: Instant;
  completed_at: Instant;
  passed_at: Instant;
};

export const ownBucket = (engine: Engine) => `user:${engine.userId}`;

export interface Place {
  readonly courseId: string;
  readonly packageId: string;
  readonly title: string;
}

/** Writes one after another, each only where it says something new. */
export class Keeper {
  readonly #engine: Engine;
  readonly #place: Place;
  readonly #written = new Map<string, string>(); // Id → what was written last, as text.
  #turn: Promise<unknown> = Promise.resolve();

  constructor(engine: Engine, place: Place, states: readonly StateRow[], result: ResultRow | undefined) {
    this.#engine = engine;
    this.#place = place;
    for (const row of states) this.#written.set(row.id, JSON.stringify({ data: row.data }));
    if (result) this.#written.set(result.id, JSON.stringify(fieldsOf(result)));
  }

  state(item: string, kept: Kept): Promise<unknown> {
    return this.#next(async () => {
      const id = await derivedId("packages.states", this.#engine.userId, this.#place.packageId, item);
      await this.#write("packages.states", id, { data: encode(kept) }, { package_id: this.#place.packageId, item });
    });
  }

  result(result: Result, opened: number): Promise<unknown> {
    return this.#next(async () => {
      const { courseId, packageId, title } = this.#place;
      const id = await derivedId("packages.results", this.#engine.userId, courseId, packageId);
      const known = JSON.parse(this.#written.get(id) ?? "{}") as ReturnType<typeof fieldsOf>; // As it was written below.
      const now = new Date().toISOString();
      const score = Math.max(known.score_ppm ?? -1, result.scorePpm ?? -1);
      const fields = {
        score_ppm: score < 0 ? null : score,
        seconds: Math.max(known.seconds ?? 0, result.seconds),
        opened_at: known.opened_at ?? new Date(opened).toISOString(),
        completed_at: known.completed_at ?? (result.isCompleted ? now : null),
        passed_at: known.passed_at ?? (result.isPassed ? now : null),
      };
      await this.#write("packages.results", id, fields, { course_id: courseId, package_id: packageId, title });
    });
  }

  #next(write: () => Promise<void>): Promise<unknown> {
    this.#turn = this.#turn.then(write, write);
    return this.#turn;
  }

  async #write(collection: string, id: string, fields: Record<string, unknown>, made: Record<string, unknown>) {
    const before = this.#written.get(id);
    const text = JSON.stringify(fields);
    if (before === text) return;
    const { title } = this.#place;
    if (before === undefined) {
      await this.#engine.create(collection, id, { ...made, ...fields }, { title, bucket: ownBucket(this.#engine) });
    } else {
      await this.#engine.patch(collection, id, fields, { title });
    }
    this.#written.set(id, text);
  }
}

const textOf = (at: Instant): string | null => (at === null || at === undefined ? null : new Date(at).toISOString());

const fieldsOf = (row: ResultRow) => ({
  score_ppm: row.score_ppm ?? null,
  seconds: row.seconds,
  opened_at: textOf(row.opened_at),
  completed_at: textOf(row.completed_at),
  passed_at: textOf(row.passed_at),
});
