/** The way from a course to its questions and tests; its words come with it. */

import { useEffect, useState } from "preact/hooks";
import { Icon } from "../../../ui/parts.tsx";
import { learn } from "../../../words/areas.ts";
import { t } from "../../../words/index.ts";

export function BankLink({ courseId }: { courseId: string }) {
  const [isSpoken, setSpoken] = useState(false);
  useEffect(() => void learn("bank").then(() => setSpoken(true)), []);
  return isSpoken ? (
    <a class="button wide" href={`/teach/${courseId}/bank`}>
      <Icon name="list" />
      {t("bank.to_bank")}
    </a>
  ) : null;
}
