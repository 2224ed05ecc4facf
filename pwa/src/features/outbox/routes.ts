/** What waits to be sent: the screens and their addresses. */

import type { Route } from "../../app/router.ts";

export const ROUTES: readonly Route[] = [
  { pattern: "/outbox", load: () => import("./screens/outbox.tsx").then((file) => file.OutboxScreen) },
];
