/** What every screen stands in: its title, its way back, its width. */

import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Icon } from "../ui/parts.tsx";
import { t } from "../words/index.ts";
import { back } from "./router.ts";
import { backAddress } from "./shell-state.ts";

interface PageProps {
  title: string;
  lead?: ComponentChildren;
  back?: string; // Where "back" goes for somebody who came straight here.
  width?: "narrow" | "broad"; // Default: a reading column.
  hiddenTitle?: boolean;
  children: ComponentChildren;
}

export function Page({ title, lead, back: fallback, width, hiddenTitle, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Spark`;
    backAddress.value = fallback ?? null;
  }, [title, fallback]);
  return (
    <main id="main" class={width ?? ""}>
      <div class="stack wide">
        <div class={hiddenTitle ? "hidden" : "stack tight"}>
          <h1>{title}</h1>
          {lead && <div class="soft">{lead}</div>}
        </div>
        {children}
      </div>
    </main>
  );
}

export function BackButton({ fallback }: { fallback: string }) {
  return (
    <button type="button" class="button quiet round" aria-label={t("act.back")} onClick={() => back(fallback)}>
      <Icon name="arrow-left" />
    </button>
  );
}
