/** Names of subjects that wait for an admin. */

import { useEffect, useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import { Page } from "../../../app/page.tsx";
import type { Subject } from "../../../app/rows.ts";
import { useEngine, useRows } from "../../../app/use.ts";
import { Empty, Field, Icon, Notice } from "../../../ui/parts.tsx";
import { formatAgo } from "../../../words/format.ts";
import { t, tn } from "../../../words/index.ts";
import { mergeName, readNames, takeName, type WaitingName } from "../names.ts";

export function NamesScreen() {
  const { userId } = useEngine();
  const [names, setNames] = useState<readonly WaitingName[]>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [done, setDone] = useState(false);

  async function ask(question: Promise<readonly WaitingName[]>, isDone: boolean): Promise<void> {
    setBusy(true);
    setDone(false);
    try {
      setNames(await question);
      setProblem(undefined);
      setDone(isDone);
    } catch (error) {
      setProblem(sayError(error));
    }
    setBusy(false);
  }

  useEffect(() => void ask(readNames(userId), false), [userId]);

  return (
    <Page title={t("jobs.names")} lead={t("jobs.names_lead")} back="/more">
      {problem && (
        <Notice tone="bad">
          {problem}{" "}
          <button type="button" class="button" onClick={() => void ask(readNames(userId), false)}>
            {t("jobs.look")}
          </button>
        </Notice>
      )}
      <div role="status">{done && <Notice tone="good">{t("jobs.names_done")}</Notice>}</div>
      {names?.length === 0 && (
        <Empty icon="circle-check" title={t("jobs.names_none")}>
          <p>{t("jobs.names_none_hint")}</p>
        </Empty>
      )}
      {names && names.length > 0 && (
        <ul class="stack plain">
          {names.map((name) => (
            <li key={name.id} class="card stack tight">
              <Waiting
                name={name}
                isBusy={busy}
                onTake={() => void ask(takeName(userId, name.id), true)}
                onMerge={(into) => void ask(mergeName(userId, name.id, into), true)}
              />
            </li>
          ))}
        </ul>
      )}
    </Page>
  );
}

interface WaitingProps {
  readonly name: WaitingName;
  readonly isBusy: boolean;
  readonly onTake: () => void;
  readonly onMerge: (into: string) => void;
}

function Waiting({ name, isBusy, onTake, onMerge }: WaitingProps) {
  const subjects = useRows<Subject>("catalog.subjects", "public").rows;
  const [into, setInto] = useState("");
  const about = { by: name.by_name, ago: formatAgo(Date.parse(name.created_at)) };
  return (
    <>
      <h2>{name.name}</h2>
      <p class="soft small">{tn("jobs.names_by", name.courses_count, about)}</p>
      <Field label={t("jobs.names_means")}>
        {(props) => (
          <select {...props} value={into} onChange={(event) => setInto(event.currentTarget.value)}>
            <option value="">{t("jobs.names_choose")}</option>
            {subjects.map((subject) => (
              <option key={subject.id} value={subject.id} selected={subject.id === into}>
                {subject.name}
              </option>
            ))}
          </select>
        )}
      </Field>
      <div class="row">
        <button type="button" class="button" disabled={isBusy || into === ""} onClick={() => onMerge(into)}>
          <Icon name="check" />
          {t("jobs.names_merge")}
        </button>
        <button type="button" class="button" disabled={isBusy} onClick={onTake}>
          <Icon name="plus" />
          {t("jobs.names_take")}
        </button>
      </div>
    </>
  );
}
