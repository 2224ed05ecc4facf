/** The library: the screens and their addresses. */

import type { Route } from "../../app/router.ts";

export const ROUTES: readonly Route[] = [
  {
    pattern: "/library",
    area: "library",
    load: () => import("./screens/shelf.tsx").then((file) => file.ShelfScreen),
  },
  {
    pattern: "/library/:itemId",
    area: "library",
    load: () => import("./screens/item.tsx").then((file) => file.ItemScreen),
  },
  {
    pattern: "/teach/library",
    area: "library",
    load: () => import("./screens/mine.tsx").then((file) => file.OwnItemsScreen),
  },
  {
    pattern: "/teach/library/:itemId",
    area: "library",
    load: () => import("./screens/write.tsx").then((file) => file.WriteItemScreen),
  },
  {
    pattern: "/teach/review",
    area: "library",
    load: () => import("./screens/review.tsx").then((file) => file.ReviewScreen),
  },
];
