/** What a wish looks like on this phone before the server has answered. The server has the last word. */

import type { CommandEffect, MergeRule } from "#sync";
import { effects as authoring } from "../features/authoring/overlay.ts";
import { effects as bank, merge as bankRules } from "../features/bank/overlay.ts";

type OverlayRules = { merge: Record<string, MergeRule>; commands: Record<string, CommandEffect> };

const text = (value: unknown) => (typeof value === "string" ? value : "");

export const overlay: OverlayRules = {
  merge: {
    "identity.me": "lww",
    "catalog.courses": {
      fields: { title: "text", description: "text", language: "lww", level: "lww", subject_id: "lww", status: "cas" },
    },
    "catalog.sections": { fields: { title: "text", rank: "list" } },
    "catalog.lessons": { fields: { section_id: "lww", title: "text", rank: "list" } },
    "catalog.lesson_texts": { fields: { blocks: "text" } },
    "catalog.progress": { join: { seen_ppm: "greater", seconds: "greater", completed_at: "earlier" } },
    "catalog.readiness": "lww",
    ...bankRules,
    "packages.states": "lww",
    "packages.results": {
      join: {
        score_ppm: "greater",
        seconds: "greater",
        opened_at: "earlier",
        completed_at: "earlier",
        passed_at: "earlier",
      },
    },
    "assessments.attempts": "fsm",
    "assessments.answers": "lww",
    "notifications.notifications": { join: { read_at: "earlier" } },
  },
  commands: {
    ...authoring,
    ...bank,
    "assessments.attempt.submit": (args, at) => [
      {
        collection: "assessments.attempts",
        patch: { id: text(args.attempt_id), fields: { state: "submitted", submitted_at: at } },
      },
    ],
    "questions.question.ask": (args, at, me) => [
      {
        collection: "questions.questions",
        bucket: `user:${me.userId}`,
        put: {
          id: text(args.id),
          subject_id: args.subject_id,
          lesson_id: args.lesson_id ?? null,
          author_id: me.userId,
          author_name: "",
          title: args.title,
          body: args.body,
          visibility: args.visibility,
          state: "open",
          answers_count: 0,
          asked_at: at,
        },
      },
    ],
    "questions.answer.post": (args, at, me) => [
      {
        collection: "questions.answers",
        put: {
          id: text(args.id),
          question_id: args.question_id,
          author_id: me.userId,
          author_name: "",
          body: args.body,
          is_accepted: false,
          posted_at: at,
        },
      },
    ],
    "questions.answer.accept": (args) => [
      { collection: "questions.answers", patch: { id: text(args.answer_id), fields: { is_accepted: true } } },
    ],
    "questions.report": () => [],
  },
};
