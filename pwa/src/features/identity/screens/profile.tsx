/** A person's own words about themselves. Saved here first, sent when the network allows. */

import { useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import { Page } from "../../../app/page.tsx";
import { useEngine, useMe } from "../../../app/use.ts";
import { Chip, Field, Notice } from "../../../ui/parts.tsx";
import { t, type Word, word } from "../../../words/index.ts";
import { LanguageChoice } from "../parts/language.tsx";

const ROLES: Readonly<Record<string, Word>> = {
  student: word("role.student"),
  educator: word("role.educator"),
  mentor: word("role.mentor"),
  staff: word("role.staff"),
  admin: word("role.admin"),
  super_admin: word("role.admin"),
};

export function ProfileScreen() {
  const engine = useEngine();
  const me = useMe();
  const [said, setSaid] = useState<{ tone: "good" | "bad"; words: string }>();
  if (!me)
    return (
      <Page title={t("profile.title")} back="/more">
        {null}
      </Page>
    );

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement); // The form that has this listener.
    const text = (name: string) => String(form.get(name) ?? "").trim();
    try {
      await engine.patch(
        "identity.me",
        engine.userId,
        { full_name: text("full_name"), display_name: text("display_name") || null },
        { title: t("profile.title") },
      );
      setSaid({ tone: "good", words: t("profile.saved") });
    } catch (error) {
      setSaid({ tone: "bad", words: sayError(error) });
    }
  }

  return (
    <Page
      title={t("profile.title")}
      back="/more"
      lead={
        <span class="row">
          {me.email}
          {me.roles.map((role) => {
            const name = ROLES[role];
            return name === undefined ? null : <Chip key={role}>{t(name)}</Chip>;
          })}
        </span>
      }
    >
      <form class="stack" onSubmit={submit}>
        {said && <Notice tone={said.tone}>{said.words}</Notice>}
        <Field label={t("field.full_name")} hint={t("field.full_name_hint")}>
          {(props) => (
            <input
              {...props}
              name="full_name"
              autocomplete="name"
              required
              maxLength={255}
              defaultValue={me.full_name}
            />
          )}
        </Field>
        <Field label={t("field.display_name")} hint={t("field.display_name_hint")}>
          {(props) => <input {...props} name="display_name" maxLength={60} defaultValue={me.display_name ?? ""} />}
        </Field>
        <button type="submit" class="button main wide">
          {t("act.save")}
        </button>
      </form>
      <LanguageChoice />
    </Page>
  );
}
