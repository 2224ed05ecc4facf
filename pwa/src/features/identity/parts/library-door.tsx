/** The way to the library: its name is a word of its own area, fetched when somebody comes by. */

import { useEffect, useState } from "preact/hooks";
import { Icon } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";

export function LibraryDoor() {
  const [hasWords, setWords] = useState(false);
  useEffect(() => {
    let isHere = true;
    import("../../../words/areas.ts")
      .then((areas) => areas.learn("library"))
      .then(() => isHere && setWords(true))
      .catch(() => undefined); // Without a network: there would be nothing to see there either.
    return () => {
      isHere = false;
    };
  }, []);
  if (!hasWords) return null;
  return (
    <li>
      <a class="line" href="/library">
        <Icon name="book-open" />
        <span class="grow">{t("library.title")}</span>
        <Icon name="chevron-right" />
      </a>
    </li>
  );
}
