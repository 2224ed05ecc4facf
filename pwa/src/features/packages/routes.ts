/** A package, opened: the screen and its address. */

import type { Route } from "../../app/router.ts";

export const ROUTES: readonly Route[] = [
  {
    pattern: "/courses/:courseId/packages/:packageId",
    area: "packages",
    load: () => import("./screens/package.tsx").then((file) => file.PackageScreen),
  },
];
