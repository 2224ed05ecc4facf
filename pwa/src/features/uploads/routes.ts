/** Files on their way: the screen and its address. */

import type { Route } from "../../app/router.ts";

export const ROUTES: readonly Route[] = [
  {
    pattern: "/teach/uploads",
    area: "uploads",
    load: () => import("./screens/uploads.tsx").then((file) => file.UploadsScreen),
  },
];
