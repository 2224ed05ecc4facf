/** Parts of a screen, and words, that come after it: scripts of their own, asked for until they are here. */

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Area } from "../words/areas.ts";
import { insist } from "./insist.ts";

type Load<Props> = () => Promise<ComponentType<Props>>;

const here = new WeakMap<Load<never>, ComponentType<never>>();

/**
 * The part, or why it is not here yet (`NotHere` says so, with a way to try at once); neither while it is on its way for the
 * first time. `load` is the same at each call; null: none is needed.
 */
export function useLater<Props>(load: Load<Props> | null): { Part: ComponentType<Props> | null; problem: unknown } {
  const [, setCame] = useState(0);
  const [problem, setProblem] = useState<unknown>();
  const Part = load && ((here.get(load as Load<never>) as ComponentType<Props> | undefined) ?? null); // Put there below, under its own load.
  useEffect(() => {
    if (Part || !load) return undefined;
    const came = (part: ComponentType<Props>) => {
      here.set(load as Load<never>, part as ComponentType<never>);
      setProblem(undefined);
      setCame((count) => count + 1);
    };
    return insist(load, came, setProblem);
  }, [load, Part]);
  return { Part, problem };
}

/** Whether the words of an area are here; false: none is needed. */
export function useWords(area: Area | false): boolean {
  const [areHere, setHere] = useState(false);
  useEffect(() => {
    const came = () => setHere(true);
    return area ? insist(() => learn(area), came) : undefined;
  }, [area]);
  return areHere;
}

/** From now on the words of an area are there. Raises TypeError. */
export async function learn(area: Area): Promise<void> {
  await (await import("../words/areas.ts")).learn(area);
}
