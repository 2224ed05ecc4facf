/** What is kept on this phone: the screens and their addresses. */

import type { Route } from "../../app/router.ts";

export const ROUTES: readonly Route[] = [
  {
    pattern: "/downloads",
    area: "play",
    load: () => import("./screens/downloads.tsx").then((file) => file.DownloadsScreen),
  },
];
