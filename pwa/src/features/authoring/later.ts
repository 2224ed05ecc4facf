/** Parts of a screen that come after it: a script of their own, fetched once, kept with the studio. */

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { sayError } from "../../app/errors.tsx";
import { t } from "../../words/index.ts";

type Load<Props> = () => Promise<ComponentType<Props>>;

const here = new WeakMap<Load<never>, ComponentType<never>>();

/** The part, or why it did not come; neither while it is on its way. `load` is the same at each call. */
export function useLater<Props>(load: Load<Props>): { Part: ComponentType<Props> | null; problem: string | undefined } {
  const [, setCame] = useState(0);
  const [problem, setProblem] = useState<string>();
  const Part = (here.get(load as Load<never>) as ComponentType<Props> | undefined) ?? null; // Put there below, under its own load.
  useEffect(() => {
    if (Part) return;
    load().then(
      (part) => {
        here.set(load as Load<never>, part as ComponentType<never>);
        setCame((count) => count + 1);
      },
      (error: unknown) => setProblem(error instanceof TypeError ? t("error.screen_offline") : sayError(error)),
    );
  }, [load, Part]);
  return { Part, problem };
}
