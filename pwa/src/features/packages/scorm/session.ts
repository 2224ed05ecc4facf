/** One visit to an item: when it has begun and ended, what it had said before, and what of that is told on. */

import type { Item } from "../outline.ts";
import type { Rules } from "./elements.ts";
import type { Kept } from "./kept.ts";
import { Model } from "./model.ts";
import { secondsOf } from "./times.ts";

export interface Learner {
  readonly id: string;
  readonly name: string;
}

export interface Visit {
  readonly item: Item;
  readonly kept: Kept;
  readonly learner: Learner;
  readonly tell: (kept: Kept) => void;
}

export interface Names {
  readonly session: string; // The element of the time of this visit.
  readonly exit: string;
}

export class Session {
  readonly model: Model;
  readonly visit: Visit;
  readonly #names: Names;
  #run: Kept["run"];
  #total: number;
  #exit: string;

  constructor(rules: Rules, visit: Visit, names: Names, needsId: boolean) {
    this.visit = visit;
    this.#names = names;
    this.model = new Model(rules, visit.kept.values, needsId);
    this.#run = visit.kept.run;
    this.#total = visit.kept.total;
    this.#exit = visit.kept.exit;
    if (this.#run === "none") this.#takeTime(); // Of a visit that was cut off.
  }

  get run(): Kept["run"] {
    return this.#run;
  }

  get total(): number {
    return this.#total;
  }

  /** As 1.2 and 2004 both call it. */
  get entry(): string {
    if (this.#exit === "new") return "ab-initio";
    return this.#exit === "suspend" || this.#exit === "logout" ? "resume" : "";
  }

  begin(): void {
    this.#run = "open";
    this.tell();
  }

  end(): void {
    this.#exit = this.model.values[this.#names.exit] ?? "";
    this.#takeTime();
    this.#run = "ended";
    this.tell();
  }

  /** A visit that is cut off counts as one that was suspended. */
  tell(): void {
    const exit = this.#run === "open" ? "suspend" : this.#exit;
    this.visit.tell({ values: this.model.values, total: this.#total, exit, run: this.#run });
  }

  #takeTime(): void {
    const { session, exit } = this.#names;
    this.#total += secondsOf(this.model.values[session] ?? "");
    this.model.drop(session);
    this.model.drop(exit);
  }
}
