/** What becomes of two writes to one row: the same rules as the server's, in the browser. Pure. */

import type { Fields, JoinRule } from "./types.js";

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

function isAbove(a: unknown, b: unknown): boolean {
  return typeof a === "number" && typeof b === "number" ? a > b : String(a) > String(b);
}

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
