/** What two people changed at the same time: both, side by side, until somebody chooses. */

import { Notice } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import type { Block } from "../../catalog/blocks.ts";
import { Blocks } from "../../catalog/parts/blocks.tsx";
import { both, type Conflict, choose } from "../conflicts.ts";
import { blocksOf, type Item, keyed } from "../editing.ts";

export interface ConflictingProps {
  readonly items: readonly Item[];
  readonly conflict: Conflict;
  readonly courseId: string;
  readonly onChange: (items: readonly Item[], isStep: boolean) => void;
}

export function Conflicting({ items, conflict, courseId, onChange }: ConflictingProps) {
  const [one, other] = conflict.sides;
  const keep = (kept: readonly Block[]) => onChange(keyed(items, choose(blocksOf(items), conflict, kept)), true);
  return (
    <section class="stack tight" aria-label={t("authoring.conflict")}>
      <Notice tone="warn">
        <p class="strong">{t("authoring.conflict")}</p>
        <p>{t("authoring.conflict_hint")}</p>
      </Notice>
      <div class="sides">
        <Side title={t("authoring.conflict_first")} blocks={one} courseId={courseId}>
          <button type="button" class="button" onClick={() => keep(one)}>
            {t("authoring.keep_first")}
          </button>
        </Side>
        <Side title={t("authoring.conflict_second")} blocks={other} courseId={courseId}>
          <button type="button" class="button" onClick={() => keep(other)}>
            {t("authoring.keep_second")}
          </button>
        </Side>
      </div>
      <button type="button" class="button" onClick={() => keep(both(conflict))}>
        {t("authoring.keep_both")}
      </button>
    </section>
  );
}

interface SideProps {
  readonly title: string;
  readonly blocks: readonly Block[];
  readonly courseId: string;
  readonly children: preact.ComponentChildren;
}

function Side({ title, blocks, courseId, children }: SideProps) {
  return (
    <section class="stack tight" aria-label={title}>
      <p class="block-name">{title}</p>
      <div class="lesson">
        {blocks.length === 0 && <p class="soft">{t("authoring.nothing_there")}</p>}
        <Blocks blocks={blocks} place={{ courseId, isTeacher: true }} />
      </div>
      {children}
    </section>
  );
}
