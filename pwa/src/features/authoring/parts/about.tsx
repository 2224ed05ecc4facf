/** What is said of a course on its card. */

import type { Engine } from "#sync";
import { Field } from "../../../ui/parts.tsx";
import { LANGUAGES, t } from "../../../words/index.ts";
import { nameOwn, SubjectChoice } from "../../library/parts/subject-choice.tsx";

const TITLE_LENGTH_MAX = 255;
const ABOUT_LENGTH_MAX = 5_000;
const LEVEL_LENGTH_MAX = 50;
/** Languages of courses beyond those that the app speaks, in their own words. */
const MORE: Readonly<Record<string, string>> = { kaa: "Qaraqalpaqsha", kk: "Қазақша", tg: "Тоҷикӣ", de: "Deutsch" };

export interface About {
  readonly title: string;
  readonly description: string;
  readonly language: string;
  readonly level: string | null;
  readonly subject_id: string | null;
}

/** What the form says; a subject of one's own is named to the server first, with or without a network. */
export async function aboutOf(engine: Engine, form: HTMLFormElement): Promise<About> {
  const data = new FormData(form);
  const text = (name: string) => String(data.get(name) ?? "").trim();
  const named = await nameOwn(engine, text("subject_name"));
  return {
    title: text("title"),
    description: text("description"),
    language: text("language"),
    level: text("level") || null,
    subject_id: named?.id ?? (text("subject_id") || null),
  };
}

export function AboutFields({ about }: { about: About }) {
  const languages = { ...LANGUAGES, ...MORE };
  const isOther = about.language !== "" && !(about.language in languages);
  return (
    <>
      <Field label={t("authoring.name")}>
        {(props) => (
          <input
            {...props}
            name="title"
            required
            pattern=".*\S.*"
            maxLength={TITLE_LENGTH_MAX}
            defaultValue={about.title}
          />
        )}
      </Field>
      <Field label={t("authoring.about")}>
        {(props) => (
          <textarea {...props} name="description" maxLength={ABOUT_LENGTH_MAX} defaultValue={about.description} />
        )}
      </Field>
      <Field label={t("authoring.language")}>
        {(props) => (
          <select {...props} name="language">
            {isOther && <option value={about.language}>{about.language}</option>}
            {Object.entries(languages).map(([code, name]) => (
              <option key={code} value={code} selected={code === about.language}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
      <SubjectChoice
        chosen={about.subject_id ?? ""}
        words={{
          label: t("authoring.subject"),
          other: t("authoring.subject_other"),
          name: t("authoring.subject_name"),
          hint: t("authoring.subject_hint"),
          none: t("authoring.no_subject"),
        }}
      />
      <Field label={t("authoring.level")}>
        {(props) => <input {...props} name="level" maxLength={LEVEL_LENGTH_MAX} defaultValue={about.level ?? ""} />}
      </Field>
    </>
  );
}
