/** Sign in, and say how this phone is to be treated. */

import { useEffect, useState } from "preact/hooks";
import { readAhead } from "../../../app/at-once.ts";
import { sayError } from "../../../app/errors.tsx";
import { Page } from "../../../app/page.tsx";
import { go, prepare, query, wanted } from "../../../app/router.ts";
import { engine, people, type Stay, signIn, warm } from "../../../app/session.ts";
import { Field, Icon, Notice } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import { LanguageChoice } from "../parts/language.tsx";

const AFTER_PAINT_MS = 50;

export function SignInScreen() {
  const here = people.value.find((person) => person.userId === engine.value?.userId);
  const [stay, setStay] = useState<Stay>(here?.shared ? "shared" : "unlocked");
  const [wrong, setWrong] = useState<string>();
  const [isBusy, setBusy] = useState(false);

  // Typing takes longer than all that comes after it.
  useEffect(() => {
    if (here) return;
    const timer = setTimeout(() => {
      prepare(wanted());
      warm();
    }, AFTER_PAINT_MS);
    return () => clearTimeout(timer);
  }, []);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement); // The form that has this listener.
    setBusy(true);
    setWrong(undefined);
    try {
      const to = wanted();
      await signIn(String(form.get("email")), String(form.get("password")), stay, (userId) => readAhead(userId, to));
      go(to, { replace: true });
    } catch (error) {
      setWrong(error instanceof TypeError ? t("error.offline") : sayError(error)); // A script of ours did not come.
      setBusy(false);
    }
  }

  return (
    <Page width="narrow" title={t("sign_in.title")} lead={t("sign_in.lead")}>
      <form class="stack" onSubmit={submit}>
        {query.value.has("registered") && <Notice tone="good">{t("register.done")}</Notice>}
        {wrong && <Notice tone="bad">{wrong}</Notice>}
        <Field label={t("field.email")}>
          {(props) => (
            <input
              {...props}
              name="email"
              type="email"
              autocomplete="username"
              required
              maxLength={254}
              defaultValue={here?.email ?? query.value.get("email") ?? ""}
            />
          )}
        </Field>
        <Field label={t("field.password")}>
          {(props) => (
            <input
              {...props}
              name="password"
              type="password"
              autocomplete="current-password"
              required
              maxLength={512}
            />
          )}
        </Field>
        <fieldset class="stack tight">
          <legend>{t("sign_in.whose")}</legend>
          <Choice value="unlocked" now={stay} set={setStay} title={t("sign_in.mine")} hint={t("sign_in.mine_hint")} />
          <Choice value="shared" now={stay} set={setStay} title={t("sign_in.shared")} hint={t("sign_in.shared_hint")} />
        </fieldset>
        <button type="submit" class="button main wide" disabled={isBusy}>
          {isBusy ? t("sign_in.busy") : t("sign_in.act")}
        </button>
        <div class="row apart">
          <a class="button quiet" href="/register">
            {t("register.title")}
          </a>
          {people.value.length > 0 && (
            <a class="button quiet" href="/people">
              <Icon name="users-round" />
              {t("people.title")}
            </a>
          )}
        </div>
      </form>
      <LanguageChoice />
    </Page>
  );
}

function Choice(props: { value: Stay; now: Stay; set: (value: Stay) => void; title: string; hint: string }) {
  return (
    <label class="choice">
      <input
        type="radio"
        name="stay"
        value={props.value}
        checked={props.now === props.value}
        onChange={() => props.set(props.value)}
      />
      <span>
        <span class="strong">{props.title}</span>
        <small>{props.hint}</small>
      </span>
    </label>
  );
}
