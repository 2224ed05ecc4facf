/** Who is here. One person at a time: another's rows are in databases that this one's key does not open. */

import { effect, signal } from "@preact/signals";
import type { Engine } from "#sync";
import * as vault from "#vault";
import { LANGUAGES, type Language, preferredLanguage, speak } from "../words/index.ts";
import { accessToken, forgetToken, logIn, logOut, signInWhenOnline } from "./auth.ts";
import { insist } from "./insist.ts";
import { refresh } from "./router.ts";
import type { Me } from "./rows.ts";
import { erased } from "./shell-state.ts";

export type Person = Awaited<ReturnType<typeof vault.people>>[number];
export type Stay = "shared" | "unlocked";

export const engine = signal<Engine | null>(null);
export const people = signal<readonly Person[]>([]);

const LAST = "spark-last-person";
/** Before a person's id: they have files to send. */
export const SENDING = "spark-sending-";

const opening = () => import("./opening.ts");

let sealing: CryptoKey | null = null;

/** Seals what screens keep of this person beside the engine; null while nobody is here. */
export const storageKey = (): CryptoKey | null => sealing;

/** Look who lives on this phone, and open the store of the last one if they chose to stay unlocked. */
export async function wake(): Promise<void> {
  people.value = await vault.people();
  const last = lastPerson(people.value, localStorage.getItem(LAST));
  if (!last?.stayUnlocked) return;
  const key = await vault.keptKey(last.userId);
  if (key) await open(last, key);
}

/** Browsers write localStorage seconds late, and a killed one not at all: then the only one who stays unlocked is meant. */
function lastPerson(all: readonly Person[], noted: string | null): Person | undefined {
  if (noted !== null) return all.find((person) => person.userId === noted);
  const open = all.filter((person) => person.stayUnlocked);
  return open.length === 1 ? open[0] : undefined;
}

/** Bring what signing in needs, while somebody types. */
export function warm(): void {
  opening().then(
    ({ warmEngine }) => warmEngine(),
    () => undefined,
  );
  vault.warm().catch(() => undefined); // No network: it says so when it is needed.
}

/** Sign in with the server, and make or open this person's store on the phone. `onSession` before the latter. Raises Refused. */
export async function signIn(
  email: string,
  password: string,
  stay: Stay,
  onSession: (userId: string) => void = () => undefined,
): Promise<void> {
  const user = await logIn(email, password, stay === "unlocked");
  onSession(user.id);
  const person: Person = {
    userId: user.id,
    name: user.full_name,
    email: user.email ?? email.trim(),
    shared: stay === "shared",
    stayUnlocked: stay === "unlocked",
  };
  await engine.peek()?.close();
  const key = (await vault.unlock(user.id, password)) ?? (await vault.enrol(person, password));
  if (stay === "unlocked") await vault.stayUnlocked(user.id, key);
  else await vault.signOut(user.id); // A key that was kept before is kept no longer.
  people.value = await vault.people();
  await open(person, key);
}

/** Open a person's store with no network. False: the password is wrong. */
export async function unlock(person: Person, password: string): Promise<boolean> {
  const key = await vault.unlock(person.userId, password);
  if (!key) return false;
  await engine.peek()?.close();
  forgetToken();
  signInWhenOnline(person, password);
  await open(person, key);
  return true;
}

/** Lock the store and go to the people of this phone. Unsent work stays, sealed. */
export async function leave(): Promise<void> {
  await engine.peek()?.close();
  engine.value = null;
  sealing = null;
  localStorage.setItem(LAST, ""); // Nobody, on purpose: not the same as a note that was lost.
  forgetToken();
}

export async function signOut(): Promise<void> {
  const userId = engine.peek()?.userId;
  await leave();
  if (userId) await vault.signOut(userId);
  await logOut();
  people.value = await vault.people();
}

/** Remove a person and all that this phone keeps of them. */
export async function forget(person: Person): Promise<void> {
  await vault.forget(person.userId);
  for (const key of Object.keys(localStorage)) if (key.includes(person.userId)) localStorage.removeItem(key);
  await (await import("../media/wishes.ts")).forgetWishes(person.userId);
  people.value = await vault.people();
}

async function open(person: Person, storageKey: CryptoKey): Promise<void> {
  const { openEngine, overlay } = await opening();
  const opened = await openEngine({
    userId: person.userId,
    storageKey,
    shared: person.shared,
    token: () => accessToken(person.userId),
    overlay,
  });
  localStorage.setItem(LAST, person.userId);
  sealing = storageKey;
  engine.value = opened;
  if (localStorage.getItem(SENDING + person.userId))
    insist(() => import("../uploads/use.ts").then((file) => file.uploadsOf(opened)));
  erased.value = false;
  void speakTheirs(opened);
  effect(() => {
    if (opened.status.value.problem === "erased") void farewell(person, opened);
  });
}

/** The server says that this account is no more: nothing of it stays here. */
async function farewell(person: Person, opened: Engine): Promise<void> {
  await opened.close();
  if (engine.peek() === opened) engine.value = null;
  sealing = null;
  forgetToken();
  await forget(person);
  erased.value = true;
  await refresh();
}

/** Chosen before anybody was here: it goes into the account of who comes next. */
let chosenBefore: Language | null = null;

/** Remember a language that the person chose by hand, in their account as soon as there is one. */
export async function keepLanguage(wanted: Language): Promise<void> {
  const open = engine.peek();
  chosenBefore = open ? null : wanted;
  if (open) await open.patch("identity.me", open.userId, { locale: wanted }, { title: LANGUAGES[wanted] });
}

/** Their language follows them to this phone, and to the next. */
async function speakTheirs(opened: Engine): Promise<void> {
  if (chosenBefore) await keepLanguage(chosenBefore);
  const me = opened.row<Me>("identity.me", opened.userId);
  me.subscribe(({ value }) => {
    if (value && engine.peek() === opened && value.locale !== preferredLanguage()) insist(() => speak(value.locale));
  });
}
