/** What a row of the outline offers: the button that opens it, a new name, a place further up or down. */

import type { ComponentChildren } from "preact";
import { Icon } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";

interface MoreProps {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

export function MoreButton({ title, isOpen, onToggle }: MoreProps) {
  return (
    <button
      type="button"
      class="button quiet round"
      aria-label={t("authoring.more", { title })}
      aria-expanded={isOpen}
      onClick={onToggle}
    >
      <Icon name="ellipsis" />
    </button>
  );
}

interface MenuProps {
  readonly id: string; // The row's: after a step the focus stays on the button that made it.
  readonly onRename: () => void;
  readonly onStep: (by: 1 | -1, focused: string) => void;
  readonly children: ComponentChildren;
}

export function LineMenu({ id, onRename, onStep, children }: MenuProps) {
  return (
    <div class="row outline-more">
      <button type="button" class="button" onClick={onRename}>
        <Icon name="pencil" />
        {t("authoring.rename")}
      </button>
      <button type="button" class="button" id={`up-${id}`} onClick={() => onStep(-1, `up-${id}`)}>
        <Icon name="arrow-up" />
        {t("authoring.up")}
      </button>
      <button type="button" class="button" id={`down-${id}`} onClick={() => onStep(1, `down-${id}`)}>
        <Icon name="arrow-down" />
        {t("authoring.down")}
      </button>
      {children}
    </div>
  );
}
