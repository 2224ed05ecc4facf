/** What is kept of an item between two visits, and what came of it so far. */

import type { Item, Outline } from "../outline.ts";

export const DATA_LENGTH_MAX = 120_000; // As the server takes.
const OP_BYTES_MAX = 250_000;

/** `run`: whether its pages are being visited now: then a page that follows goes on where the one before spoke. */
export interface Kept {
  readonly values: Readonly<Record<string, string>>;
  readonly total: number; // Seconds, of visits that have ended.
  readonly exit: string;
  readonly run: "none" | "open" | "ended";
}

export const NEW: Kept = { values: {}, total: 0, exit: "new", run: "none" };

export interface Result {
  readonly scorePpm: number | null;
  readonly isCompleted: boolean;
  readonly isPassed: boolean;
  readonly seconds: number;
}

/** As text for a row; lists that only tell how something was answered go first where it is too long. */
export function encode(kept: Kept): string {
  const whole = JSON.stringify(kept);
  if (fits(whole)) return whole;
  const values = Object.fromEntries(
    Object.entries(kept.values).filter(([name]) => !/\.(interactions|comments)/.test(name)),
  );
  const part = JSON.stringify({ ...kept, values });
  return fits(part) ? part : JSON.stringify({ ...NEW, total: kept.total });
}

/** In characters, as the row is declared, and in bytes, as it travels: text within text. */
const fits = (text: string) =>
  text.length <= DATA_LENGTH_MAX && new TextEncoder().encode(JSON.stringify(text)).length <= OP_BYTES_MAX;

/** A row of another release, or of somebody who plays, begins anew. */
export function decode(data: string | undefined): Kept {
  if (!data) return NEW;
  try {
    const { values, total, exit } = JSON.parse(data) as Partial<Kept>; // Checked on the next lines.
    if (typeof values !== "object" || values === null || typeof exit !== "string") return NEW;
    const texts = Object.entries(values).filter(([, value]) => typeof value === "string");
    return { values: Object.fromEntries(texts), total: Number(total) || 0, exit, run: "none" };
  } catch {
    return NEW;
  }
}

export function resultOf(edition: Outline["edition"], item: Item, kept: Kept): Result {
  const of = (name: string) => kept.values[name] ?? "";
  const seconds = Math.min(10_000_000, Math.round(kept.total));
  if (!item.sco)
    return { scorePpm: null, isCompleted: kept.total > 0 || kept.exit !== "new", isPassed: false, seconds };
  if (edition === "1.2") {
    const status = of("cmi.core.lesson_status");
    const scorePpm = ppmOf(of("cmi.core.score.raw"), of("cmi.core.score.min"), of("cmi.core.score.max"));
    return {
      scorePpm,
      isCompleted: /^(passed|completed|failed)$/.test(status),
      isPassed: status === "passed",
      seconds,
    };
  }
  const scaled = of("cmi.score.scaled");
  const scorePpm = scaled
    ? clamp(Number(scaled))
    : ppmOf(of("cmi.score.raw"), of("cmi.score.min"), of("cmi.score.max"));
  const success = of("cmi.success_status");
  const isCompleted = of("cmi.completion_status") === "completed" || success === "passed";
  return { scorePpm, isCompleted, isPassed: success === "passed", seconds };
}

/** Of a package: all of its items done and none that has a verdict failed; the mean of the scores that there are. */
export function together(results: readonly Result[]): Result {
  const scores = results.map((one) => one.scorePpm).filter((one) => one !== null);
  const isCompleted = results.length > 0 && results.every((one) => one.isCompleted);
  return {
    scorePpm: scores.length > 0 ? Math.round(scores.reduce((a, b) => a + b, 0) / scores.length) : null,
    isCompleted,
    isPassed:
      isCompleted &&
      results.some((one) => one.isPassed) &&
      results.every((one) => one.isPassed || one.scorePpm === null),
    seconds: results.reduce((all, one) => all + one.seconds, 0),
  };
}

function ppmOf(raw: string, min: string, max: string): number | null {
  if (raw === "") return null;
  const [low, high] = [Number(min || 0), Number(max || 100)];
  return high > low ? clamp((Number(raw) - low) / (high - low)) : clamp(Number(raw) / 100);
}

const clamp = (part: number) => (Number.isFinite(part) ? Math.round(Math.min(1, Math.max(0, part)) * 1_000_000) : 0);
