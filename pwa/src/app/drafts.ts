/** Half-written words. On a phone of one's own they outlive the browser; on a shared one they end with it, since they
 * are not sealed. */

import { engine, people } from "./session.ts";

function storage(): Storage {
  const here = people.peek().find((person) => person.userId === engine.peek()?.userId);
  return here?.shared === false ? localStorage : sessionStorage;
}

const keyOf = (name: string) => `spark-draft-${engine.peek()?.userId}-${name}`;

export function readDraft(name: string): Readonly<Record<string, string>> {
  const stored = storage().getItem(keyOf(name));
  return stored === null ? {} : (JSON.parse(stored) as Record<string, string>); // Written by keepDraft alone.
}

export function keepDraft(name: string, fields: Readonly<Record<string, string>>): void {
  storage().setItem(keyOf(name), JSON.stringify(fields));
}

export function dropDraft(name: string): void {
  storage().removeItem(keyOf(name));
}

/** All of a form's fields, as a draft keeps them. */
export function fieldsOf(form: HTMLFormElement): Readonly<Record<string, string>> {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
}
