/** An educator's courses: the screens and their addresses. */

import type { Route } from "../../app/router.ts";

export const ROUTES: readonly Route[] = [
  { pattern: "/teach", load: () => import("./screens/mine.tsx").then((file) => file.TeachScreen) },
  {
    pattern: "/teach/import",
    area: "portable",
    load: () => import("./screens/import.tsx").then((file) => file.ImportScreen),
  },
  {
    pattern: "/teach/:courseId/export",
    area: "portable",
    load: () => import("../portable/screens/export.tsx").then((file) => file.ExportScreen),
  },
  {
    pattern: "/teach/:courseId/results",
    area: "packages",
    load: () => import("./screens/results.tsx").then((file) => file.ResultsScreen),
  },
];
