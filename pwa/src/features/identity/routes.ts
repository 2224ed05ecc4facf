/** Who is here: signing in, people of this phone, their profile: the screens and their addresses. */

import type { Route } from "../../app/router.ts";

const people = () => import("./screens/people.tsx").then((file) => file.PeopleScreen);

export const ROUTES: readonly Route[] = [
  {
    pattern: "/sign-in",
    open: true,
    load: () => import("./screens/sign-in.tsx").then((file) => file.SignInScreen),
  },
  {
    pattern: "/register",
    open: true,
    load: () => import("./screens/register.tsx").then((file) => file.RegisterScreen),
  },
  { pattern: "/people", open: true, load: people },
  {
    pattern: "/profile",
    load: () => import("./screens/profile.tsx").then((file) => file.ProfileScreen),
  },
  { pattern: "/more", load: () => import("./screens/more.tsx").then((file) => file.MoreScreen) },
];
