/** Rows as they cross the wire. Instants are RFC 3339 text from the server, milliseconds from this phone: read by `instant`. */

import type { Row } from "#sync";
import type { Language } from "../words/index.ts";

export type Instant = string | number | null;

export type Me = Row & {
  email: string | null;
  full_name: string;
  display_name: string | null;
  role: string;
  roles: readonly string[];
  locale: Language;
};

export type Subject = Row & { slug: string; name: string };

export type Course = Row & {
  slug: string;
  title: string;
  description: string;
  language: string;
  level: string | null;
  access: string;
  subject_id: string | null;
  lessons_count: number;
  text_bytes: number;
  media_bytes: number;
  licence: string | null;
  attribution: string | null;
  source_url: string | null;
  revision?: number; // This and what follows: since schema 2; a row that came before has none.
  pack_bytes?: PackBytes | null;
};

/** What a course costs to download, by quality; each holds all that the phone gets. */
export interface PackBytes {
  readonly text: number;
  readonly audio: number;
  readonly low: number;
  readonly normal: number;
}

export type Section = Row & { course_id: string; title: string; rank: string | number };

export type Lesson = Row & {
  course_id: string;
  section_id: string;
  title: string;
  rank: string | number;
  minutes: number | null;
  text_bytes: number;
};

export type LessonText = Row & { course_id: string; blocks: unknown };

export interface Variant {
  readonly name: string;
  readonly width: number | null;
  readonly height?: number | null;
  readonly mime: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Something made of a file besides images by width: a smaller film, its sound, captions, a page as a picture. */
export interface Rendition {
  readonly name: string; // "v360", "opus", "mp3", "pdf", "thumb", "captions.uz"
  readonly mime: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly codecs?: string | null;
  readonly width?: number | null;
  readonly height?: number | null;
  readonly duration_ms?: number | null;
  readonly kbit_s?: number | null;
}

export type MediaFile = Row & {
  sha256: string;
  mime: string;
  variants: readonly Variant[];
  licence: string | null;
  attribution: string | null;
  kind?: "image" | "video" | "audio" | "document" | "captions" | "package" | "attachment"; // As the next: since schema 2.
  name?: string | null;
  duration_ms?: number | null;
  pages?: number | null;
  state?: "processing" | "ready" | "failed";
  renditions?: readonly Rendition[];
};

export type Progress = Row & { lesson_id: string; seen_ppm: number; seconds: number; completed_at: Instant };

export type Assessment = Row & {
  course_id: string;
  lesson_id: string | null;
  kind: string;
  title: string;
  revision: number;
  items_count: number;
  points: number;
  pass_ppm: number;
  attempts_max: number | null;
};

export type Item = Row & {
  assessment_id: string;
  revision: number;
  kind: string;
  prompt: unknown;
  options: unknown;
  formulas?: Readonly<Record<string, string>>; // Of both: what was typed, marks and all → MathML.
  points: number;
  rank: string | number;
};

export type Attempt = Row & {
  assessment_id: string;
  user_id?: string;
  learner_name?: string; // The public one, for the course's staff.
  revision: number;
  state: string;
  started_at: Instant;
  submitted_at: Instant;
  score_ppm: number | null;
  result: unknown;
};

export type Answer = Row & { attempt_id: string; item_id: string; value: unknown };

export type Question = Row & {
  subject_id: string;
  lesson_id: string | null;
  author_id: string;
  author_name: string;
  title: string;
  body: string;
  visibility: "public" | "private";
  state: string;
  answers_count: number;
  asked_at: Instant;
};

export type Reply = Row & {
  question_id: string;
  author_id: string;
  author_name: string;
  body: string;
  is_accepted: boolean;
  posted_at: Instant;
};

export type Notification = Row & {
  kind: string;
  title: string;
  message: string;
  reference_type: string | null;
  reference_id: string | null;
  data: Readonly<Record<string, unknown>> | null;
  created_at: Instant;
  read_at: Instant;
};

export const isUnread = (note: Notification): boolean => (note.read_at ?? null) === null;

/** Ranks order like text when they are text, like numbers when they are numbers. */
export function byRank(a: { rank: string | number; id: string }, b: { rank: string | number; id: string }): number {
  if (typeof a.rank === "number" && typeof b.rank === "number" && a.rank !== b.rank) return a.rank - b.rank;
  const x = String(a.rank);
  const y = String(b.rank);
  return x < y ? -1 : x > y ? 1 : a.id < b.id ? -1 : 1;
}
