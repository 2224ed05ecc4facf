/** Every screen and its address. Each is a script of its own, fetched on first use and kept by the service worker. */

import type { Route } from "./router.ts";

const people = () => import("../features/identity/screens/people.tsx").then((file) => file.PeopleScreen);

export const ROUTES: readonly Route[] = [
  { pattern: "/", load: () => import("../features/catalog/screens/today.tsx").then((file) => file.TodayScreen) },
  {
    pattern: "/sign-in",
    open: true,
    load: () => import("../features/identity/screens/sign-in.tsx").then((file) => file.SignInScreen),
  },
  {
    pattern: "/register",
    open: true,
    load: () => import("../features/identity/screens/register.tsx").then((file) => file.RegisterScreen),
  },
  { pattern: "/people", open: true, load: people },
  {
    pattern: "/courses",
    load: () => import("../features/catalog/screens/courses.tsx").then((file) => file.CoursesScreen),
  },
  {
    pattern: "/courses/:courseId",
    load: () => import("../features/catalog/screens/course.tsx").then((file) => file.CourseScreen),
  },
  {
    pattern: "/courses/:courseId/lessons/:lessonId",
    load: () => import("../features/catalog/screens/lesson.tsx").then((file) => file.LessonScreen),
  },
  {
    pattern: "/courses/:courseId/tests/:assessmentId",
    load: () => import("../features/assessments/screens/test.tsx").then((file) => file.TestScreen),
  },
  {
    pattern: "/attempts/:attemptId",
    load: () => import("../features/assessments/screens/attempt.tsx").then((file) => file.AttemptScreen),
  },
  {
    pattern: "/attempts/:attemptId/result",
    load: () => import("../features/assessments/screens/result.tsx").then((file) => file.ResultScreen),
  },
  {
    pattern: "/questions",
    load: () => import("../features/questions/screens/mine.tsx").then((file) => file.MineScreen),
  },
  {
    pattern: "/questions/ask",
    load: () => import("../features/questions/screens/ask.tsx").then((file) => file.AskScreen),
  },
  {
    pattern: "/questions/:questionId",
    load: () => import("../features/questions/screens/thread.tsx").then((file) => file.ThreadScreen),
  },
  {
    pattern: "/mentor",
    load: () => import("../features/questions/screens/queue.tsx").then((file) => file.QueueScreen),
  },
  {
    pattern: "/notifications",
    load: () => import("../features/notifications/screens/notifications.tsx").then((file) => file.NotificationsScreen),
  },
  { pattern: "/outbox", load: () => import("../features/outbox/screens/outbox.tsx").then((file) => file.OutboxScreen) },
  {
    pattern: "/downloads",
    load: () => import("../features/downloads/screens/downloads.tsx").then((file) => file.DownloadsScreen),
  },
  {
    pattern: "/profile",
    load: () => import("../features/identity/screens/profile.tsx").then((file) => file.ProfileScreen),
  },
  { pattern: "/more", load: () => import("../features/identity/screens/more.tsx").then((file) => file.MoreScreen) },
  { pattern: "/teach", load: () => import("../features/teaching/screens/mine.tsx").then((file) => file.TeachScreen) },
  {
    pattern: "/teach/import",
    load: () => import("../features/teaching/screens/import.tsx").then((file) => file.ImportScreen),
  },
  {
    pattern: "/teach/:courseId/results",
    load: () => import("../features/teaching/screens/results.tsx").then((file) => file.ResultsScreen),
  },
];
