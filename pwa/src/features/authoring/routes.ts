/** Writing courses: the screens and their addresses. */

import type { Route } from "../../app/router.ts";

export const ROUTES: readonly Route[] = [
  {
    pattern: "/teach/new",
    area: "authoring",
    load: () => import("./screens/new.tsx").then((file) => file.NewCourseScreen),
  },
  {
    pattern: "/teach/:courseId/edit",
    area: "authoring",
    load: () => import("./screens/outline.tsx").then((file) => file.OutlineScreen),
  },
  {
    pattern: "/teach/:courseId/edit/:lessonId",
    area: "authoring",
    load: () => import("./screens/lesson.tsx").then((file) => file.EditLessonScreen),
  },
  {
    pattern: "/teach/:courseId/preview/:lessonId",
    area: "authoring",
    load: () => import("./screens/preview.tsx").then((file) => file.PreviewScreen),
  },
  {
    pattern: "/teach/:courseId/history",
    area: "authoring",
    load: () => import("./screens/history.tsx").then((file) => file.HistoryScreen),
  },
  {
    pattern: "/teach/:courseId/history/:revisionId",
    area: "authoring",
    load: () => import("./screens/before.tsx").then((file) => file.BeforeScreen),
  },
];
