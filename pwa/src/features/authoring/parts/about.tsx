/** What is said of a course on its card. */

import type { Subject } from "../../../app/rows.ts";
import { useRows } from "../../../app/use.ts";
import { Field } from "../../../ui/parts.tsx";
import { LANGUAGES, t } from "../../../words/index.ts";

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

export function aboutOf(form: HTMLFormElement): About {
  const data = new FormData(form);
  const text = (name: string) => String(data.get(name) ?? "").trim();
  return {
    title: text("title"),
    description: text("description"),
    language: text("language"),
    level: text("level") || null,
    subject_id: text("subject_id") || null,
  };
}

export function AboutFields({ about }: { about: About }) {
  const subjects = useRows<Subject>("catalog.subjects").rows;
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
      <Field label={t("authoring.subject")}>
        {(props) => (
          <select {...props} name="subject_id">
            <option value="">{t("authoring.no_subject")}</option>
            {subjects.map((subject) => (
              <option key={subject.id} value={subject.id} selected={subject.id === about.subject_id}>
                {subject.name}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={t("authoring.level")}>
        {(props) => <input {...props} name="level" maxLength={LEVEL_LENGTH_MAX} defaultValue={about.level ?? ""} />}
      </Field>
    </>
  );
}
