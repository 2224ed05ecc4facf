/** Which test an exercise of a lesson opens: those that are published, and those still being put together. */

import { useEffect, useState } from "preact/hooks";
import type { Assessment } from "../../../app/rows.ts";
import { useRows } from "../../../app/use.ts";
import { Field } from "../../../ui/parts.tsx";
import { learn } from "../../../words/areas.ts";
import { t } from "../../../words/index.ts";
import { staffBucket, useTests } from "../staff.ts";

interface ChooseTestProps {
  readonly courseId: string;
  readonly value: string | undefined; // The test's id, which is the assessment's too.
  readonly onChoose: (id: string | undefined) => void;
}

export function ChooseTest({ courseId, value, onChoose }: ChooseTestProps) {
  const [isSpoken, setSpoken] = useState(false);
  useEffect(() => void learn("bank").then(() => setSpoken(true)), []);
  const open = useRows<Assessment>("assessments.assessments", staffBucket(courseId)).rows;
  const drafts = useTests(courseId).rows;
  const titles = new Map<string, string>([
    ...open.map(({ id, title }) => [id, title] as const),
    ...drafts.map(({ id, title }) => [id, title] as const),
  ]);
  const published = new Set(open.map(({ id }) => id));
  if (!isSpoken) return null;
  return (
    <div class="stack tight">
      <Field label={t("bank.choose_test")}>
        {(props) => (
          <select {...props} value={value ?? ""} onChange={(event) => onChoose(event.currentTarget.value || undefined)}>
            <option value="">{t("bank.no_test")}</option>
            {[...titles].map(([id, title]) => (
              <option key={id} value={id}>
                {published.has(id) ? title : t("bank.draft_of", { title })}
              </option>
            ))}
          </select>
        )}
      </Field>
      <p>
        <a
          href={
            value && drafts.some(({ id }) => id === value)
              ? `/teach/${courseId}/tests/${value}`
              : `/teach/${courseId}/bank`
          }
        >
          {t("bank.to_bank")}
        </a>
      </p>
    </div>
  );
}
