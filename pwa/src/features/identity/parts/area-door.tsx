/** The way to a screen whose name is a word of its own area, fetched when somebody comes by. */

import { useEffect, useState } from "preact/hooks";
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
  const [hasWords, setWords] = useState(false);
  useEffect(() => {
    let isHere = true;
    import("../../../words/areas.ts")
      .then((areas) => areas.learn(area))
      .then(() => isHere && setWords(true))
      .catch(() => undefined); // Without a network: there would be nothing to see there either.
    return () => {
      isHere = false;
    };
  }, [area]);
  if (!hasWords) return null;
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
