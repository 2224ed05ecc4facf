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
  readonly signing_keys?: unknown; // By which packs are checked with no network.
}

export const SIGNING_KEYS = "spark-signing-keys";

const PHONE = "spark-phone";
const EARLY_MS = 60_000; // A token about to run out is not used: the request may take long on a thin link.

let held: { userId: string; token: string; until: number } | null = null;
let coming: { userId: string; token: Promise<string | null> } | null = null;

/** How the person who unlocked this phone with their password gets a session of their own. In memory only, used once. */
let again: { userId: string; signIn: () => Promise<SignedInUser> } | null = null;

/** The person whose cookie this browser has is not the one who is here, or has no session: what waits, waits. */
export const mustSignIn = signal(false);

export async function logIn(email: string, password: string, remember: boolean): Promise<SignedInUser> {
  const answer = await request<SignedIn>("POST", "/api/v1/auth/login", {
    body: { email: email.trim(), password, remember_me: remember, device_id: phoneId() },
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
  if (coming?.userId === userId) return coming.token;
  const asked = { userId, token: refreshToken(userId) };
  coming = asked;
  const done = () => {
    if (coming === asked) coming = null;
  };
  asked.token.then(done, done);
  return asked.token;
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
  again = null;
}

/**
 * On a shared phone the cookie is often somebody else's. Who has just typed their password need not type it once more:
 * the first time a token is wanted and there is a network, it signs them in.
 */
export function signInWhenOnline(person: { userId: string; email: string }, password: string): void {
  again = { userId: person.userId, signIn: () => logIn(person.email, password, false) };
}

async function refreshToken(userId: string): Promise<string | null> {
  try {
    const answer = await request<SignedIn>("POST", "/api/v1/auth/refresh", {
      body: { device_id: phoneId() },
      headers: csrf(),
    });
    hold(answer);
    return answer.user.id === userId ? answer.access_token : await signInAgain(userId);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return error.status === 401 || error.status === 403 ? await signInAgain(userId) : null;
  }
}

/** A token by the password typed a moment ago; null, and the person is asked, where there is none or it no longer fits. */
async function signInAgain(userId: string): Promise<string | null> {
  const way = again?.userId === userId ? again : null;
  if (way) {
    try {
      await way.signIn();
      if (again === way) again = null; // The next person may have unlocked meanwhile.
      return held?.userId === userId ? held.token : null;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status !== 401) return null; // No network, or too often: the next wish for a token tries again.
      if (again === way) again = null;
    }
  }
  mustSignIn.value = true;
  return null;
}

function hold(answer: SignedIn): void {
  held = {
    userId: answer.user.id,
    token: answer.access_token,
    until: Date.now() + answer.expires_in * 1000 - EARLY_MS,
  };
  mustSignIn.value = false;
  if (answer.signing_keys) localStorage.setItem(SIGNING_KEYS, JSON.stringify(answer.signing_keys));
}

/** This browser, whoever uses it: a sign-in on another one is told to its owner. */
function phoneId(): string {
  const known = localStorage.getItem(PHONE);
  if (known) return known;
  const made = crypto.randomUUID();
  localStorage.setItem(PHONE, made);
  return made;
}

function csrf(): Record<string, string> {
  const value = /(?:^|;\s*)csrf=([^;]*)/.exec(document.cookie)?.[1] ?? "";
  return { "x-csrf-token": decodeURIComponent(value) };
}
