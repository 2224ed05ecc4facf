/** The way to a screen whose name is a word of its own area, fetched when somebody comes by. */

import { useWords } from "../../../app/later.ts";
import type { IconName } from "../../../ui/icon-names.ts";
import { Icon } from "../../../ui/parts.tsx";
import { t, type Word } from "../../../words/index.ts";

interface DoorProps {
  readonly area: "jobs" | "library";
  readonly title: Word;
  readonly href: string;
  readonly icon: IconName;
}

export function AreaDoor({ area, title, href, icon }: DoorProps) {
  if (!useWords(area)) return null;
  return (
    <li>
      <a class="line" href={href}>
        <Icon name={icon} />
        <span class="grow">{t(title)}</span>
        <Icon name="chevron-right" />
      </a>
    </li>
  );
}
