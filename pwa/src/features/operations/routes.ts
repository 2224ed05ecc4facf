/** Looking after the installation: the screens of staff and their addresses. */

import type { Route } from "../../app/router.ts";

export const ROUTES: readonly Route[] = [
  {
    pattern: "/staff/jobs",
    area: "jobs",
    load: () => import("./screens/jobs.tsx").then((file) => file.JobsScreen),
  },
  {
    pattern: "/staff/subjects",
    area: "jobs",
    load: () => import("./screens/names.tsx").then((file) => file.NamesScreen),
  },
];
