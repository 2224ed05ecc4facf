/** An educator's courses: the screens and their addresses. */

import type { Route } from "../../app/router.ts";

export const ROUTES: readonly Route[] = [
  { pattern: "/teach", load: () => import("./screens/mine.tsx").then((file) => file.TeachScreen) },
  {
    pattern: "/teach/import",
    load: () => import("./screens/import.tsx").then((file) => file.ImportScreen),
  },
  {
    pattern: "/teach/:courseId/results",
    load: () => import("./screens/results.tsx").then((file) => file.ResultsScreen),
  },
];
