/** Make an account. Needs the network once. */

import { useState } from "preact/hooks";
import { register } from "../../../app/auth.ts";
import { sayError } from "../../../app/errors.tsx";
import { Refused } from "../../../app/http.ts";
import { Page } from "../../../app/page.tsx";
import { go } from "../../../app/router.ts";
import { Field, Notice } from "../../../ui/parts.tsx";
import { language, t } from "../../../words/index.ts";

export function RegisterScreen() {
  const [problem, setProblem] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const fields = problem instanceof Refused ? problem.fields : {};

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement); // The form that has this listener.
    const text = (name: string) => String(form.get(name) ?? "").trim();
    setBusy(true);
    setProblem(undefined);
    try {
      await register({
        email: text("email"),
        password: String(form.get("password")),
        full_name: text("full_name"),
        role: text("role"),
        locale: language.value,
      });
      go(`/sign-in?registered&email=${encodeURIComponent(text("email"))}`, { replace: true });
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  return (
    <Page width="narrow" title={t("register.title")} lead={t("register.lead")} back="/sign-in">
      <form class="stack" onSubmit={submit}>
        {problem !== undefined && Object.keys(fields).length === 0 && <Notice tone="bad">{sayError(problem)}</Notice>}
        <Field label={t("field.full_name")} hint={t("field.full_name_hint")} wrong={fields.full_name}>
          {(props) => <input {...props} name="full_name" autocomplete="name" required maxLength={255} />}
        </Field>
        <Field label={t("field.email")} wrong={fields.email}>
          {(props) => <input {...props} name="email" type="email" autocomplete="username" required maxLength={254} />}
        </Field>
        <Field label={t("field.password")} hint={t("field.password_hint")} wrong={fields.password}>
          {(props) => (
            <input
              {...props}
              name="password"
              type="password"
              autocomplete="new-password"
              required
              minLength={8}
              maxLength={128}
            />
          )}
        </Field>
        <Field label={t("register.role")} hint={t("register.role_hint")}>
          {(props) => (
            <select {...props} name="role">
              <option value="student">{t("role.student")}</option>
              <option value="educator">{t("role.educator")}</option>
              <option value="mentor">{t("role.mentor")}</option>
            </select>
          )}
        </Field>
        <button type="submit" class="button main wide" disabled={isBusy}>
          {t("register.act")}
        </button>
      </form>
    </Page>
  );
}
