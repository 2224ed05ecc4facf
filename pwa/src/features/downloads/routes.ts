/** What is kept on this phone: the screens and their addresses. */

import type { Route } from "../../app/router.ts";

export const ROUTES: readonly Route[] = [
  {
    pattern: "/downloads",
    load: () => import("./screens/downloads.tsx").then((file) => file.DownloadsScreen),
  },
];
