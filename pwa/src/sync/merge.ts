/** What becomes of two writes to one row: the same rules as the server's, in the browser. Pure. */

import { mergeLists, mergeText } from "./text.js";
import type { FieldRule, Fields, JoinRule, MergeRule, SetEdit, TextEdit } from "./types.js";

/** The least upper bound of two values; null and undefined are the bottom. Instants are texts of one length, so text order is time order. */
export function joinValues(rule: JoinRule, stored: unknown, offered: unknown): unknown {
  if (stored === null || stored === undefined) return offered;
  if (offered === null || offered === undefined) return stored;
  switch (rule) {
    case "greater":
    case "later":
      return isAbove(offered, stored) ? offered : stored;
    case "smaller":
    case "earlier":
      return isAbove(stored, offered) ? offered : stored;
    case "union":
      return [...new Set([...asList(stored), ...asList(offered)])].sort();
  }
}

/** Join field by field; a field without a rule stands once it is set. */
export function joinFields(stored: Fields, offered: Fields, rules: Readonly<Record<string, JoinRule>>): Fields {
  const joined: Record<string, unknown> = { ...stored };
  for (const [field, value] of Object.entries(offered)) {
    const rule = rules[field];
    joined[field] = rule ? joinValues(rule, joined[field], value) : (joined[field] ?? value);
  }
  return joined;
}

/** A patch over a row, field by field: edits of texts and sets are laid over what stands there, the rest stands as written. */
export function editFields(stored: Fields, patch: Fields, rules: Readonly<Record<string, FieldRule>>): Fields {
  const edited: Record<string, unknown> = { ...stored };
  for (const [field, value] of Object.entries(patch)) edited[field] = edit(rules[field], stored[field], value);
  return edited;
}

function edit(rule: FieldRule | undefined, stored: unknown, value: unknown): unknown {
  if (rule === "text") {
    const { was, now } = value as TextEdit;
    if (isEqual(stored, was) || isEqual(stored, now)) return now;
    if ([stored, was, now].every(Array.isArray)) return mergeLists(asList(was), asList(now), asList(stored));
    const isPlain = [stored, was, now].every((text) => text === null || text === undefined || typeof text === "string");
    return isPlain ? mergeText(String(was ?? ""), String(now ?? ""), String(stored ?? "")).text : now;
  }
  return rule === "set" ? editSet(stored, value as SetEdit) : value;
}

function editSet(stored: unknown, { add = [], remove = [] }: SetEdit): unknown[] {
  const gone = new Set(remove);
  return [...new Set([...asList(stored ?? []), ...add])].filter((element) => !gone.has(String(element))).sort();
}

/**
 * Two wishes of one record as one: `later` comes right after `earlier` and nothing in between left the phone. Null where
 * they cannot be one: what the second was made of is not what the first left. So nothing is merged here, and the worker
 * carries no merging of texts.
 */
export function composed(
  kind: "create" | "patch",
  earlier: Fields,
  later: Fields,
  rule: MergeRule | undefined,
): Fields | null {
  if (typeof rule !== "object") return { ...earlier, ...later };
  if ("join" in rule) return joinFields(earlier, later, rule.join);
  const isMade = kind === "create";
  const both: Record<string, unknown> = { ...earlier };
  for (const [field, value] of Object.entries(later)) {
    const first = earlier[field];
    if (first === undefined && !isMade) both[field] = value;
    else if (rule.fields[field] === "text") {
      const [one, two] = [isMade ? { was: null, now: first } : (first as TextEdit), value as TextEdit];
      if (!isEqual(one.now, two.was)) return null;
      both[field] = isMade ? two.now : { was: one.was, now: two.now };
    } else if (rule.fields[field] === "set") {
      both[field] = isMade ? editSet(first, value as SetEdit) : bothEdits(first as SetEdit, value as SetEdit);
    } else both[field] = value;
  }
  return both;
}

function bothEdits(one: SetEdit, two: SetEdit): SetEdit {
  const [added, removed] = [new Set(two.add), new Set(two.remove)];
  return {
    add: [...new Set([...(one.add ?? []).filter((element) => !removed.has(element)), ...added])],
    remove: [...new Set([...(one.remove ?? []).filter((element) => !added.has(element)), ...removed])],
  };
}

const isEqual = (one: unknown, two: unknown): boolean => one === two || JSON.stringify(one) === JSON.stringify(two);

function isAbove(a: unknown, b: unknown): boolean {
  return typeof a === "number" && typeof b === "number" ? a > b : String(a) > String(b);
}

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
