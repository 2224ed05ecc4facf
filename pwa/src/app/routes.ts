/** Every screen and its address. Each is a script of its own, fetched on first use and kept by the service worker. */

import { ROUTES as assessments } from "../features/assessments/routes.ts";
import { ROUTES as authoring } from "../features/authoring/routes.ts";
import { ROUTES as bank } from "../features/bank/routes.ts";
import { ROUTES as catalog } from "../features/catalog/routes.ts";
import { ROUTES as downloads } from "../features/downloads/routes.ts";
import { ROUTES as identity } from "../features/identity/routes.ts";
import { ROUTES as library } from "../features/library/routes.ts";
import { ROUTES as notifications } from "../features/notifications/routes.ts";
import { ROUTES as operations } from "../features/operations/routes.ts";
import { ROUTES as outbox } from "../features/outbox/routes.ts";
import { ROUTES as packages } from "../features/packages/routes.ts";
import { ROUTES as questions } from "../features/questions/routes.ts";
import { ROUTES as readiness } from "../features/readiness/routes.ts";
import { ROUTES as teaching } from "../features/teaching/routes.ts";
import { ROUTES as uploads } from "../features/uploads/routes.ts";
import type { Route } from "./router.ts";

/** The first whose pattern fits is shown. */
export const ROUTES: readonly Route[] = [
  ...assessments,
  ...authoring,
  ...bank,
  ...catalog,
  ...downloads,
  ...identity,
  ...library,
  ...notifications,
  ...operations,
  ...outbox,
  ...packages,
  ...questions,
  ...readiness,
  ...teaching,
  ...uploads,
];
