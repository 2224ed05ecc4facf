/** Which subject something is of: one of the list, or a name of one's own that an admin looks at later. */

import { useState } from "preact/hooks";
import { type Engine, newId } from "#sync";
import type { Subject } from "../../../app/rows.ts";
import { useRows } from "../../../app/use.ts";
import { Field } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";

const OTHER = "other";

/** Fields of a form: `subject_id`, and `subject_name` where it is another. */
export function SubjectChoice({ chosen }: { chosen: string }) {
  const subjects = useRows<Subject>("catalog.subjects").rows; // One's own names that wait are among them.
  const [now, setNow] = useState(chosen);
  return (
    <>
      <Field label={t("library.subject")}>
        {(props) => (
          <select {...props} name="subject_id" required onChange={(event) => setNow(event.currentTarget.value)}>
            {subjects.map((subject) => (
              <option key={subject.id} value={subject.id} selected={subject.id === now}>
                {subject.name}
              </option>
            ))}
            <option value={OTHER} selected={now === OTHER}>
              {t("library.subject_other")}
            </option>
          </select>
        )}
      </Field>
      {now === OTHER && (
        <Field label={t("library.subject_name")} hint={t("library.subject_hint")}>
          {(props) => <input {...props} name="subject_name" required pattern=".*\S.*" maxLength={100} />}
        </Field>
      )}
    </>
  );
}

/** The subject that the form names: undefined for one of the list. With or without a network; `wish` goes first. */
export async function nameOwn(engine: Engine, name: string): Promise<{ id: string; wish: string } | undefined> {
  if (name === "") return undefined;
  const id = newId();
  return { id, wish: await engine.command("catalog.subject.propose", { id, name }, { title: name }) };
}
