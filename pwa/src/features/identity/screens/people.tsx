/** The people of this phone. Works with no network: each opens their own sealed store with their own password. */

import { useState } from "preact/hooks";
import { Page } from "../../../app/page.tsx";
import { go, wanted } from "../../../app/router.ts";
import { engine, forget, type Person, people, unlock } from "../../../app/session.ts";
import { Ask, Field, Icon, Notice } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import { Face } from "../parts/face.tsx";

export function PeopleScreen() {
  const [chosen, setChosen] = useState<Person>();
  const [leaving, setLeaving] = useState<Person>();
  return (
    <Page width="narrow" title={t("people.who")} lead={t("people.lead")} {...(engine.value ? { back: "/more" } : {})}>
      <ul class="list plain">
        {people.value.map((person) => (
          <li key={person.userId}>
            <button
              type="button"
              class="line"
              aria-expanded={chosen?.userId === person.userId}
              onClick={() => setChosen(chosen?.userId === person.userId ? undefined : person)}
            >
              <Face name={person.name} />
              <span class="grow">
                <span class="strong">{person.name}</span>
                <br />
                <span class="soft small">{person.email}</span>
              </span>
              <Icon name="chevron-right" />
            </button>
            {chosen?.userId === person.userId && <Unlock person={person} onForget={() => setLeaving(person)} />}
          </li>
        ))}
      </ul>
      <a class="button wide" href="/sign-in">
        <Icon name="user-round" />
        {t("people.other")}
      </a>
      {leaving && (
        <Ask
          title={t("people.forget_title", { name: leaving.name })}
          confirm={t("people.forget")}
          danger
          onNo={() => setLeaving(undefined)}
          onYes={() => {
            void forget(leaving);
            setLeaving(undefined);
          }}
        >
          <p>{t("people.forget_body")}</p>
        </Ask>
      )}
    </Page>
  );
}

function Unlock({ person, onForget }: { person: Person; onForget: () => void }) {
  const [isWrong, setWrong] = useState(false);
  const [isBusy, setBusy] = useState(false);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement); // The form that has this listener.
    setBusy(true);
    const isOpen = await unlock(person, String(form.get("password")));
    setBusy(false);
    setWrong(!isOpen);
    if (isOpen) go(wanted(), { replace: true });
  }

  return (
    <form class="stack" style={{ padding: "0 1rem 1rem" }} onSubmit={submit}>
      {isWrong && <Notice tone="bad">{t("people.wrong")}</Notice>}
      <Field label={t("people.password", { name: person.name })}>
        {(props) => (
          <input {...props} name="password" type="password" autocomplete="current-password" required maxLength={512} />
        )}
      </Field>
      <div class="row apart">
        <button type="submit" class="button main" disabled={isBusy}>
          {t("people.open")}
        </button>
        <button type="button" class="button quiet danger" onClick={onForget}>
          {t("people.forget")}
        </button>
      </div>
    </form>
  );
}
