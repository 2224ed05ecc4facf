/** Access tokens. They live in memory; the refresh token lies in a cookie that scripts cannot read. */

import { signal } from "@preact/signals";
import { Refused, request } from "./http.ts";

export interface SignedInUser {
  readonly id: string;
  readonly email: string | null;
  readonly full_name: string;
  readonly roles: readonly string[];
  readonly locale: string;
}

interface SignedIn {
  readonly access_token: string;
  readonly expires_in: number; // seconds
  readonly user: SignedInUser;
}

const EARLY_MS = 60_000; // A token about to run out is not used: the request may take long on a thin link.

let held: { userId: string; token: string; until: number } | null = null;
let coming: Promise<string | null> | null = null;

/** The person whose cookie this browser has is not the one who is here, or has no session: what waits, waits. */
export const mustSignIn = signal(false);

export async function logIn(email: string, password: string, remember: boolean): Promise<SignedInUser> {
  const answer = await request<SignedIn>("POST", "/api/v1/auth/login", {
    body: { email: email.trim(), password, remember_me: remember },
  });
  hold(answer);
  return answer.user;
}

export async function register(account: {
  email: string;
  password: string;
  full_name: string;
  role: string;
  locale: string;
}): Promise<void> {
  await request("POST", "/api/v1/auth/register", { body: account });
}

/** A token of this very person, or null: offline, signed out, or somebody else's session. */
export function accessToken(userId: string): Promise<string | null> {
  if (held?.userId === userId && held.until > Date.now()) return Promise.resolve(held.token);
  coming ??= refreshToken(userId).finally(() => {
    coming = null;
  });
  return coming;
}

/** Tell the server that this session is over. Without a network only this phone forgets it. */
export async function logOut(): Promise<void> {
  held = null;
  try {
    await request("POST", "/api/v1/auth/logout", { body: {}, headers: csrf() });
  } catch (error) {
    if (!(error instanceof Refused)) throw error; // Offline or already over: nothing more can be done from here.
  }
}

export function forgetToken(): void {
  held = null;
}

async function refreshToken(userId: string): Promise<string | null> {
  try {
    const answer = await request<SignedIn>("POST", "/api/v1/auth/refresh", { body: {}, headers: csrf() });
    hold(answer);
    mustSignIn.value = answer.user.id !== userId;
    return mustSignIn.value ? null : answer.access_token;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.status === 401 || error.status === 403) mustSignIn.value = true;
    return null;
  }
}

function hold(answer: SignedIn): void {
  held = {
    userId: answer.user.id,
    token: answer.access_token,
    until: Date.now() + answer.expires_in * 1000 - EARLY_MS,
  };
  mustSignIn.value = false;
}

function csrf(): Record<string, string> {
  const value = /(?:^|;\s*)csrf=([^;]*)/.exec(document.cookie)?.[1] ?? "";
  return { "x-csrf-token": decodeURIComponent(value) };
}
