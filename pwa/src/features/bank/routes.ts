/** Questions and tests of a course, for its educators: the screens and their addresses. */

import type { Route } from "../../app/router.ts";

export const ROUTES: readonly Route[] = [
  {
    pattern: "/teach/:courseId/bank",
    area: "bank",
    load: () => import("./screens/bank.tsx").then((file) => file.BankScreen),
  },
  {
    pattern: "/teach/:courseId/bank/:draftId",
    area: "bank",
    load: () => import("./screens/question.tsx").then((file) => file.QuestionScreen),
  },
  {
    pattern: "/teach/:courseId/tests/:testId",
    area: "bank",
    load: () => import("./screens/test.tsx").then((file) => file.TestDraftScreen),
  },
];
