/** What is brought, where to, and from which file. */

import { useState } from "preact/hooks";
import { query } from "../../../app/router.ts";
import type { Course } from "../../../app/rows.ts";
import { Field, Icon } from "../../../ui/parts.tsx";
import { formatBytes } from "../../../words/format.ts";
import { t } from "../../../words/index.ts";
import { FILE_BYTES_MAX, type ImportKind } from "../imports.ts";

type What = "cartridge" | "scorm" | "course" | "questions";

const ACCEPT: Readonly<Record<What, string>> = {
  cartridge: ".imscc,.zip,application/zip",
  scorm: ".zip,application/zip",
  course: ".zip,application/zip",
  questions: ".gift,.txt,.csv,.xml,.zip,text/plain,text/csv,text/xml,application/zip",
};
const FORMATS: readonly (readonly [ImportKind, string])[] = [
  ["gift", "GIFT"],
  ["aiken", "Aiken"],
  ["csv", "CSV"],
  ["moodle_xml", "Moodle XML"],
  ["qti", "QTI"],
];

interface Props {
  readonly courses: readonly Course[];
  readonly onSubmit: (data: FormData, isTried: boolean) => void;
}

export function ImportForm({ courses, onSubmit }: Props) {
  const course = query.value.get("course") ?? "";
  const [what, setWhat] = useState<What>(course ? "questions" : "cartridge");
  const names: Readonly<Record<What, readonly [string, string]>> = {
    cartridge: [t("import.cartridge"), t("import.cartridge_hint")],
    scorm: [t("portable.package"), t("portable.package_hint")],
    course: [t("portable.own"), t("portable.own_hint")],
    questions: [t("import.gift"), t("portable.questions_hint")],
  };

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement; // The form that has this listener.
    const data = new FormData(form);
    if (what !== "questions") data.set("kind", what);
    onSubmit(data, (event.submitter as HTMLButtonElement | null)?.value !== "now");
  }

  return (
    <form class="stack" onSubmit={submit}>
      <fieldset class="stack tight">
        <legend>{t("import.what")}</legend>
        {(["cartridge", "scorm", "course", "questions"] as const).map((value) => (
          <label key={value} class="choice">
            <input type="radio" name="what" value={value} checked={what === value} onChange={() => setWhat(value)} />
            <span>
              <span class="strong">{names[value][0]}</span>
              <small>{names[value][1]}</small>
            </span>
          </label>
        ))}
      </fieldset>
      {what === "scorm" && (
        <Field label={t("portable.into")}>
          {(props) => (
            <select {...props} name="course">
              <option value="">{t("portable.of_its_own")}</option>
              {courses.map((one) => (
                <option key={one.id} value={one.slug} selected={one.slug === course}>
                  {one.title}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      {what === "questions" && (
        <>
          <Field label={t("portable.format")}>
            {(props) => (
              <select {...props} name="kind">
                {FORMATS.map(([value, name]) => (
                  <option key={value} value={value}>
                    {name}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label={t("import.course")} {...(courses.length === 0 ? { wrong: t("import.no_course") } : {})}>
            {(props) => (
              <select {...props} name="course" required>
                {courses.map((one) => (
                  <option key={one.id} value={one.slug} selected={one.slug === course}>
                    {one.title}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label={t("import.practice")} hint={t("import.practice_hint")}>
            {(props) => <input {...props} name="practice" maxLength={200} required />}
          </Field>
        </>
      )}
      <Field label={t("import.file")} hint={t("import.file_hint", { max: formatBytes(FILE_BYTES_MAX) })}>
        {(props) => <input {...props} type="file" name="file" required class="file" accept={ACCEPT[what]} />}
      </Field>
      <label class="choice">
        <input type="checkbox" name="publish" defaultChecked />
        <span>
          <span class="strong">{t("import.publish")}</span>
          <small>{t("import.publish_hint")}</small>
        </span>
      </label>
      <button type="submit" class="button main wide" value="try">
        <Icon name="check-check" />
        {t("portable.try")}
      </button>
      <button type="submit" class="button wide" value="now">
        <Icon name="file-up" />
        {t("import.act")}
      </button>
    </form>
  );
}
