/** Drafts and tests as this phone shows them before the server has answered. */

import type { CommandEffect, MergeRule } from "#sync";

export const merge: Readonly<Record<string, MergeRule>> = {
  "assessments.drafts": {
    fields: {
      title: "text",
      question: "cas",
      points: "lww",
      difficulty: "lww",
      topic_tags: "lww",
      language: "lww",
      status: "lww",
    },
  },
  "assessments.tests": {
    fields: {
      lesson_id: "lww",
      title: "text",
      kind: "lww",
      draft_ids: "text",
      pass_ppm: "lww",
      attempts_max: "lww",
      duration_s: "lww",
    },
  },
};

const id = (value: unknown) => (typeof value === "string" ? value : "");

export const effects: Readonly<Record<string, CommandEffect>> = {
  "assessments.test.publish": (args) => [
    { collection: "assessments.tests", patch: { id: id(args.id), fields: { assessment_id: id(args.id) } } },
  ],
};
