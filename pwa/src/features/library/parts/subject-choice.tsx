/** Which subject something is of: one of the list, or a name of one's own that an admin looks at later. */

import { useState } from "preact/hooks";
import { type Engine, newId } from "#sync";
import type { Subject } from "../../../app/rows.ts";
import { useRows } from "../../../app/use.ts";
import { Field } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";

const OTHER = "other";

interface Props {
  readonly chosen: string;
  readonly words: {
    readonly label: string;
    readonly other: string;
    readonly name: string;
    readonly hint: string;
    readonly none?: string; // What it is called to name no subject, where that may be.
  };
}

/** Fields of a form: `subject_id`, and `subject_name` where it is another. */
export function SubjectChoice({ chosen, words }: Props) {
  const subjects = useRows<Subject>("catalog.subjects").rows; // One's own names that wait are among them.
  const [now, setNow] = useState(chosen);
  return (
    <>
      <Field label={words.label}>
        {(props) => (
          <select
            {...props}
            name="subject_id"
            required={words.none === undefined}
            onChange={(event) => setNow(event.currentTarget.value)}
          >
            {/* Always there: subjects come after the first sight of it, and the last one would be chosen by itself. */}
            <option value="" selected={now === ""}>
              {words.none ?? t("item.choose")}
            </option>
            {subjects.map((subject) => (
              <option key={subject.id} value={subject.id} selected={subject.id === now}>
                {subject.name}
              </option>
            ))}
            <option value={OTHER} selected={now === OTHER}>
              {words.other}
            </option>
          </select>
        )}
      </Field>
      {now === OTHER && (
        <Field label={words.name} hint={words.hint}>
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
