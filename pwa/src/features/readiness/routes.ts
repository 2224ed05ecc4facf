/** Whose phones have a course: the screens and their addresses. */

import type { Route } from "../../app/router.ts";

export const ROUTES: readonly Route[] = [
  {
    pattern: "/teach/:courseId/ready",
    area: "play",
    load: () => import("./screens/ready.tsx").then((file) => file.ReadyScreen),
  },
];
