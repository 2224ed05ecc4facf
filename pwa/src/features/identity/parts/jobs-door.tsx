/** The way to the screen of given-up jobs, for staff: its name is a word of theirs, fetched when they come by. */

import { useEffect, useState } from "preact/hooks";
import { Icon } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";

export function JobsDoor() {
  const [hasWords, setWords] = useState(false);
  useEffect(() => {
    let isHere = true;
    import("../../../words/areas.ts")
      .then((areas) => areas.learn("jobs"))
      .then(() => isHere && setWords(true))
      .catch(() => undefined); // Without a network: there would be nothing to see there either.
    return () => {
      isHere = false;
    };
  }, []);
  if (!hasWords) return null;
  return (
    <li>
      <a class="line" href="/staff/jobs">
        <Icon name="refresh-cw" />
        <span class="grow">{t("jobs.title")}</span>
        <Icon name="chevron-right" />
      </a>
    </li>
  );
}
