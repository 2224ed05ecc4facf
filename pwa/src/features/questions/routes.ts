/** Questions, and the mentors' queue: the screens and their addresses. */

import type { Route } from "../../app/router.ts";

export const ROUTES: readonly Route[] = [
  {
    pattern: "/questions",
    load: () => import("./screens/mine.tsx").then((file) => file.MineScreen),
  },
  {
    pattern: "/questions/ask",
    load: () => import("./screens/ask.tsx").then((file) => file.AskScreen),
  },
  {
    pattern: "/questions/:questionId",
    load: () => import("./screens/thread.tsx").then((file) => file.ThreadScreen),
  },
  {
    pattern: "/mentor",
    load: () => import("./screens/queue.tsx").then((file) => file.QueueScreen),
  },
];
