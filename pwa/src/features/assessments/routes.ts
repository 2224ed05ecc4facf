/** Tests and attempts: the screens and their addresses. */

import type { Route } from "../../app/router.ts";

export const ROUTES: readonly Route[] = [
  {
    pattern: "/courses/:courseId/tests/:assessmentId",
    load: () => import("./screens/test.tsx").then((file) => file.TestScreen),
  },
  {
    pattern: "/attempts/:attemptId",
    load: () => import("./screens/attempt.tsx").then((file) => file.AttemptScreen),
  },
  {
    pattern: "/attempts/:attemptId/result",
    load: () => import("./screens/result.tsx").then((file) => file.ResultScreen),
  },
];
