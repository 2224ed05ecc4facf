/** Notifications: the screens and their addresses. */

import type { Route } from "../../app/router.ts";

export const ROUTES: readonly Route[] = [
  {
    pattern: "/notifications",
    load: () => import("./screens/notifications.tsx").then((file) => file.NotificationsScreen),
  },
];
