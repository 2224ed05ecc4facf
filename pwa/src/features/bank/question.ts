/** A question while it is written: the same shape as the server keeps (`interchange/document.py`). Pure. */

import type { Row } from "#sync";
import { type Formulas, inWords } from "../assessments/pictures.ts";

export interface Choice {
  readonly text: string;
  readonly weight_ppm: number;
  readonly feedback?: string;
}
export interface Range {
  readonly low: string;
  readonly high: string;
  readonly weight_ppm: number;
  readonly feedback?: string;
}
export interface Gap {
  readonly answers: readonly Choice[];
  readonly is_menu?: boolean;
}

export type Body =
  | { readonly kind: "choice"; readonly choices: readonly Choice[]; readonly is_multi: boolean }
  | {
      readonly kind: "true_false";
      readonly is_true: boolean;
      readonly feedback_wrong?: string;
      readonly feedback_right?: string;
    }
  | { readonly kind: "numeric"; readonly ranges: readonly Range[] }
  | { readonly kind: "short"; readonly answers: readonly Choice[] }
  | {
      readonly kind: "match";
      readonly pairs: readonly (readonly [string, string])[];
      readonly distractors?: readonly string[];
    }
  | { readonly kind: "order"; readonly things: readonly string[] }
  | { readonly kind: "cloze"; readonly gaps: readonly Gap[] }
  | { readonly kind: "open"; readonly asks: string; readonly guide?: string };

export interface Stored {
  readonly prompt: string;
  readonly body: Body;
  readonly explanation?: string;
}

export type Difficulty = "easy" | "medium" | "hard";

/** `assessments.drafts`. One that has not been to the server yet lacks what the server fills. */
export type DraftRow = Row & {
  readonly course_id: string;
  readonly title: string;
  readonly question: Stored;
  readonly formulas?: Formulas; // As the server has drawn them, of all the question.
  readonly kind?: string;
  readonly points?: number;
  readonly difficulty?: Difficulty;
  readonly topic_tags?: readonly string[];
};

/** `assessments.tests`. */
export type TestRow = Row & {
  readonly course_id: string;
  readonly lesson_id?: string | null;
  readonly title: string;
  readonly kind?: string;
  readonly draft_ids?: readonly string[];
  readonly pass_ppm?: number;
  readonly attempts_max?: number | null;
  readonly assessment_id?: string | null;
};

/** All that the editor changes. */
export interface Working {
  readonly title: string;
  readonly question: Stored;
  readonly points: number;
  readonly difficulty: Difficulty;
  readonly tags: readonly string[];
}

export const KINDS = ["mcq", "multi", "true_false", "short", "numeric", "match", "order", "cloze"] as const;
export type Kind = (typeof KINDS)[number];

export const FULL = 1_000_000;
export const ANSWERS_MAX = 50;
const GAP = /\[\[(\d{1,2})\]\]/g;

export function kindOf(body: Body): string {
  if (body.kind === "choice") return body.is_multi ? "multi" : "mcq";
  return body.kind === "open" ? body.asks : body.kind;
}

export function newBody(kind: Kind): Body {
  switch (kind) {
    case "mcq":
    case "multi":
      return { kind: "choice", is_multi: kind === "multi", choices: [blank(FULL), blank(0)] };
    case "true_false":
      return { kind: "true_false", is_true: true };
    case "short":
      return { kind: "short", answers: [blank(FULL)] };
    case "numeric":
      return { kind: "numeric", ranges: [{ low: "", high: "", weight_ppm: FULL }] };
    case "match":
      return {
        kind: "match",
        pairs: [
          ["", ""],
          ["", ""],
        ],
      };
    case "order":
      return { kind: "order", things: ["", ""] };
    case "cloze":
      return { kind: "cloze", gaps: [] };
  }
}

export const blank = (weight_ppm: number): Choice => ({ text: "", weight_ppm });

export const newWorking = (): Working => ({
  title: "",
  question: { prompt: "", body: newBody("mcq") },
  points: 1,
  difficulty: "medium",
  tags: [],
});

export const workingOf = (row: DraftRow): Working => ({
  title: row.title,
  question: row.question,
  points: row.points ?? 1,
  difficulty: row.difficulty ?? "medium",
  tags: row.topic_tags ?? [],
});

/** What stays of the answers when the kind changes: texts go over, where the new kind has room for them. */
export function changedTo(kind: Kind, body: Body): Body {
  const fresh = newBody(kind);
  const texts = textsOf(body);
  if (texts.length === 0) return fresh;
  if (fresh.kind === "choice") {
    const isRight = (index: number) => body.kind === "short" || index === 0;
    const choices = texts.map((text, index) => ({ text, weight_ppm: isRight(index) ? FULL : 0 }));
    const kept = body.kind === "choice" ? body.choices : choices;
    return marked({ ...fresh, choices: kept }, rightOnes(kept, kind === "multi"));
  }
  if (fresh.kind === "short") return { ...fresh, answers: texts.map((text) => ({ text, weight_ppm: FULL })) };
  if (fresh.kind === "order") return { ...fresh, things: texts };
  return fresh;
}

function textsOf(body: Body): readonly string[] {
  if (body.kind === "choice") return body.choices.map((choice) => choice.text);
  if (body.kind === "short") return body.answers.map((answer) => answer.text);
  return body.kind === "order" ? body.things : [];
}

/** What learners are shown besides the question itself. */
export function shownAnswers(body: Body): readonly string[] {
  switch (body.kind) {
    case "match":
      return [...body.pairs.map((pair) => pair.join(" → ")), ...(body.distractors ?? [])];
    case "cloze":
      return body.gaps.flatMap((gap) => (gap.is_menu ? [gap.answers.map(({ text }) => text).join(" · ")] : []));
    default:
      return body.kind === "short" ? [] : textsOf(body);
  }
}

function rightOnes(choices: readonly Choice[], isMulti: boolean): ReadonlySet<number> {
  const right = choices.flatMap((choice, index) => (choice.weight_ppm > 0 ? [index] : []));
  return new Set(isMulti ? right : right.slice(0, 1));
}

type ChoiceBody = Extract<Body, { kind: "choice" }>;

/** The choices with these right: alone a full mark, together equal parts of one. */
export function marked(body: ChoiceBody, right: ReadonlySet<number>): ChoiceBody {
  const share = body.is_multi ? Math.floor(FULL / Math.max(right.size, 1)) : FULL;
  const over = body.is_multi ? FULL - share * right.size : 0;
  const first = Math.min(...right);
  return {
    ...body,
    choices: body.choices.map((choice, index) => ({
      ...choice,
      weight_ppm: right.has(index) ? share + (index === first ? over : 0) : 0,
    })),
  };
}

export const isRight = (body: ChoiceBody, index: number): boolean => (body.choices[index]?.weight_ppm ?? 0) > 0;

// --- gaps -------------------------------------------------------------------------------------------------------------

export const gapNumbers = (prompt: string): readonly number[] => [...prompt.matchAll(GAP)].map(([, n]) => Number(n));

/** The gaps numbered as they stand in the text, each with its answers. */
export function renumbered(prompt: string, gaps: readonly Gap[]): { prompt: string; gaps: readonly Gap[] } {
  const kept: Gap[] = [];
  const text = prompt.replace(GAP, (_all, n: string) => {
    kept.push(gaps[Number(n) - 1] ?? { answers: [] });
    return `[[${kept.length}]]`;
  });
  return { prompt: text, gaps: kept };
}

/** A gap put into the text at a place; its number follows from where it stands. */
export function withGap(prompt: string, gaps: readonly Gap[], at: number): { prompt: string; gaps: readonly Gap[] } {
  const text = `${prompt.slice(0, at)}[[${gaps.length + 1}]]${prompt.slice(at)}`;
  return renumbered(text, [...gaps, { answers: [] }]);
}

export const linesOf = (gap: Gap): string => gap.answers.map((answer) => answer.text).join("\n");

/** Of a gap that is typed into each line is right; of a menu the first. */
export const gapOf = (lines: string, isMenu: boolean): Gap => ({
  answers: lines
    .split("\n")
    .map((line) => line.trim())
    .filter((line, index, all) => line !== "" && all.indexOf(line) === index)
    .slice(0, ANSWERS_MAX)
    .map((text, index) => ({ text, weight_ppm: isMenu && index > 0 ? 0 : FULL })),
  ...(isMenu ? { is_menu: true } : {}),
});

// --- what is sent, and what it lacks ----------------------------------------------------------------------------------

/** Without what is still empty. */
export function finished({ prompt, body, explanation }: Stored): Stored {
  const tidy = tidied(body);
  const words = (explanation ?? "").trim();
  const whole = tidy.kind === "cloze" ? renumbered(prompt.trim(), tidy.gaps) : { prompt: prompt.trim() };
  return {
    prompt: whole.prompt,
    body: "gaps" in whole ? { kind: "cloze", gaps: whole.gaps } : tidy,
    ...(words === "" ? {} : { explanation: words }),
  };
}

function tidied(body: Body): Body {
  switch (body.kind) {
    case "choice":
      return { ...body, choices: body.choices.map(trimmed).filter(({ text }) => text !== "") };
    case "short":
      return { ...body, answers: body.answers.map(trimmed).filter(({ text }) => text !== "") };
    case "numeric":
      return { ...body, ranges: body.ranges.flatMap(rangeOf) };
    case "match":
      return {
        ...body,
        pairs: body.pairs
          .map(([left, right]) => [left.trim(), right.trim()] as const)
          .filter(([left, right]) => left !== "" || right !== ""),
      };
    case "order":
      return { ...body, things: body.things.map((thing) => thing.trim()).filter((thing) => thing !== "") };
    default:
      return body;
  }
}

function trimmed({ feedback, ...choice }: Choice): Choice {
  const words = (feedback ?? "").trim();
  return { ...choice, text: choice.text.trim(), ...(words === "" ? {} : { feedback: words }) };
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?$/i;

export const readNumber = (text: string): string | null => {
  const plain = text.trim().replace("−", "-").replace(",", ".");
  return NUMBER.test(plain) && plain.length <= 40 ? plain : null;
};

function rangeOf(range: Range): readonly Range[] {
  const low = readNumber(range.low);
  const high = range.high.trim() === "" ? low : readNumber(range.high);
  if (low === null || high === null) return [];
  return [Number(low) <= Number(high) ? { ...range, low, high } : { ...range, low: high, high: low }];
}

export type Lack = "prompt" | "two" | "right" | "number" | "twice" | "gap" | "gap_answer" | "person";

/** What keeps it out of a test; null: it is whole. The server has the last word. */
export function lackOf(stored: Stored): Lack | null {
  const { prompt, body } = finished(stored);
  if (prompt === "") return "prompt";
  switch (body.kind) {
    case "choice":
      if (body.choices.length < 2) return "two";
      if (areTwins(body.choices.map(({ text }) => text))) return "twice";
      return body.choices.some(({ weight_ppm }) => (body.is_multi ? weight_ppm > 0 : weight_ppm === FULL))
        ? null
        : "right";
    case "short":
      return body.answers.some(({ weight_ppm }) => weight_ppm === FULL) ? null : "right";
    case "numeric":
      return body.ranges.some(({ weight_ppm }) => weight_ppm === FULL) ? null : "number";
    case "match":
      if (body.pairs.length < 2 || body.pairs.some((pair) => pair.includes(""))) return "two";
      return areTwins(body.pairs.map(([left]) => left)) ? "twice" : null;
    case "order":
      return body.things.length < 2 ? "two" : areTwins(body.things) ? "twice" : null;
    case "cloze":
      if (body.gaps.length === 0) return "gap";
      return body.gaps.every(({ answers, is_menu }) => answers.length >= (is_menu ? 2 : 1)) ? null : "gap_answer";
    case "open":
      return "person";
    default:
      return null;
  }
}

const areTwins = (texts: readonly string[]): boolean => new Set(texts).size < texts.length;

export const nameOf = (title: string, { prompt }: Stored): string => {
  const words = title.trim() || inWords(prompt).replace(GAP, "____").replace(/\s+/g, " ").trim();
  return words.length > 80 ? `${words.slice(0, 79)}…` : words;
};

export const same = (one: unknown, two: unknown): boolean => JSON.stringify(one) === JSON.stringify(two);
