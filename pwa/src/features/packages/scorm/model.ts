/** What a package has said, element by element; editions differ in their tables and in what their errors are called. */

import type { Rule, Rules } from "./elements.ts";

export type Wrong =
  | "undefined" // No such element.
  | "no_children"
  | "no_count"
  | "keyword" // `_children`, `_count`: nobody sets them.
  | "read_only"
  | "write_only"
  | "unset"
  | "type"
  | "range" // A number out of its range.
  | "gap" // An index that leaves a gap in its list.
  | "beyond" // An index that the list does not have.
  | "dependency"; // Another element of the line has to be set before.

export type Got = { readonly value: string } | { readonly wrong: Wrong };

const LIST_MAX = 1_000; // Lines of one list: a package that adds without end fills no phone.

interface Place {
  readonly pattern: string; // With `n` for each index.
  readonly indexes: readonly (readonly [list: string, index: number])[];
}

export class Model {
  readonly #rules: Rules;
  readonly #values: Map<string, string>;
  readonly #counts = new Map<string, number>();
  readonly #needsId: boolean; // 2004: a line begins with its id.

  constructor(rules: Rules, values: Readonly<Record<string, string>>, needsId: boolean) {
    this.#rules = rules;
    this.#needsId = needsId;
    this.#values = new Map(Object.entries(values).filter(([name]) => Object.hasOwn(rules, placeOf(name).pattern)));
    for (const name of this.#values.keys()) this.#count(placeOf(name));
  }

  get values(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#values);
  }

  get(name: string): Got {
    const key = /^(.*)\._(children|count)$/.exec(name);
    if (key) return key[2] === "count" ? this.#countOf(key[1] ?? "") : this.#childrenOf(key[1] ?? "");
    const place = placeOf(name);
    const rule = this.#ruleOf(place);
    if (!rule) return { wrong: "undefined" };
    if (place.indexes.some(([list, index]) => index >= (this.#counts.get(list) ?? 0))) return { wrong: "beyond" };
    if (rule.mode === "wo") return { wrong: "write_only" };
    const value = this.#values.get(name) ?? rule.start;
    return value === undefined ? { wrong: "unset" } : { value };
  }

  /** Null: it stands. */
  set(name: string, value: string): Wrong | null {
    if (/\._(children|count|version)$/.test(name)) return "keyword";
    const place = placeOf(name);
    const rule = this.#ruleOf(place);
    if (!rule) return "undefined";
    if (rule.mode === "ro") return "read_only";
    const wrong = rule.check(value) ?? this.#misplaced(place, name);
    if (wrong) return wrong;
    this.#values.set(name, value);
    this.#count(place);
    return null;
  }

  /** Past rules: what the platform itself says. */
  put(name: string, value: string): void {
    this.#values.set(name, value);
  }

  drop(name: string): void {
    this.#values.delete(name);
  }

  #ruleOf({ pattern }: Place): Rule | undefined {
    return Object.hasOwn(this.#rules, pattern) ? this.#rules[pattern] : undefined;
  }

  #misplaced(place: Place, name: string): Wrong | null {
    for (const [list, index] of place.indexes) {
      if (index > (this.#counts.get(list) ?? 0) || index >= LIST_MAX) return "gap";
    }
    const line = /^(cmi\.(?:objectives|interactions)\.\d+)\./.exec(name)?.[1];
    const isId = /\.\d+\.id$/.test(name) && place.indexes.length === 1;
    return this.#needsId && line && !isId && !this.#values.has(`${line}.id`) ? "dependency" : null;
  }

  #count({ indexes }: Place): void {
    for (const [list, index] of indexes) this.#counts.set(list, Math.max(this.#counts.get(list) ?? 0, index + 1));
  }

  #countOf(list: string): Got {
    const { pattern } = placeOf(list);
    const isList = Object.keys(this.#rules).some((name) => name.startsWith(`${pattern}.n.`));
    return isList ? { value: String(this.#counts.get(list) ?? 0) } : { wrong: "no_count" };
  }

  #childrenOf(parent: string): Got {
    const { pattern } = placeOf(parent);
    const names = Object.keys(this.#rules);
    const before = names.some((name) => name.startsWith(`${pattern}.n.`)) ? `${pattern}.n.` : `${pattern}.`;
    const children = names
      .filter((name) => name.startsWith(before))
      .map((name) => name.slice(before.length).split(".")[0]);
    if (children.length > 0 && pattern !== "cmi") return { value: [...new Set(children)].join(",") };
    return { wrong: Object.hasOwn(this.#rules, pattern) ? "no_children" : "undefined" };
  }
}

function placeOf(name: string): Place {
  const indexes: (readonly [string, number])[] = [];
  const words = name.split(".");
  const pattern = words.map((word, at) => {
    if (!/^\d{1,6}$/.test(word)) return word === "n" ? "" : word;
    indexes.push([words.slice(0, at).join("."), Number(word)]);
    return "n";
  });
  return { pattern: pattern.join("."), indexes };
}
