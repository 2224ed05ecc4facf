/** Today, courses and lessons: the screens and their addresses. */

import type { Route } from "../../app/router.ts";

export const ROUTES: readonly Route[] = [
  { pattern: "/", load: () => import("./screens/today.tsx").then((file) => file.TodayScreen) },
  {
    pattern: "/courses",
    load: () => import("./screens/courses.tsx").then((file) => file.CoursesScreen),
  },
  {
    pattern: "/courses/:courseId",
    area: "play",
    load: () => import("./screens/course.tsx").then((file) => file.CourseScreen),
  },
  {
    pattern: "/courses/:courseId/lessons/:lessonId",
    load: () => import("./screens/lesson.tsx").then((file) => file.LessonScreen),
  },
];
