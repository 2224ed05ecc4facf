/** Take a course elsewhere: its own file, or its questions alone. */

import { useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import { unwrap } from "../../../app/http.ts";
import { Page } from "../../../app/page.tsx";
import type { Course } from "../../../app/rows.ts";
import { useEngine, useRows } from "../../../app/use.ts";
import { Field, Icon, Notice } from "../../../ui/parts.tsx";
import { formatNumber } from "../../../words/format.ts";
import { t } from "../../../words/index.ts";
import { authorized } from "../../teaching/imports.ts";

const FORMATS = [
  ["gift", "GIFT"],
  ["aiken", "Aiken"],
  ["csv", "CSV"],
  ["moodle_xml", "Moodle XML"],
  ["qti21", "QTI 2.1"],
  ["qti22", "QTI 2.2"],
  ["qti30", "QTI 3.0"],
] as const;

export function ExportScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const courseId = params.courseId ?? "";
  const engine = useEngine();
  const course = useRows<Course>("catalog.courses", `course-staff:${courseId}`).rows.find((row) => row.id === courseId);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [lost, setLost] = useState(0);
  const [format, setFormat] = useState("gift");

  async function save(wanted: string): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    setLost(0);
    try {
      const headers = await authorized(engine.userId);
      const answer = await fetch(`/api/v1/courses/${courseId}/export?format=${wanted}`, { headers, cache: "no-store" });
      if (!answer.ok) await unwrap(answer);
      setLost(Number(answer.headers.get("export-losses") ?? 0));
      const ending = /filename="[^".]*\.([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "")?.[1] ?? "zip";
      give(await answer.blob(), `${course?.slug ?? courseId}.${ending}`);
    } catch (error) {
      setProblem(sayError(error));
    }
    setBusy(false);
  }

  return (
    <Page title={t("portable.title")} lead={course?.title ?? ""} back="/teach/import">
      {problem && <Notice tone="bad">{problem}</Notice>}
      <section class="card stack">
        <p>{t("portable.lead")}</p>
        <button type="button" class="button main wide" disabled={isBusy} onClick={() => void save("course")}>
          <Icon name="download" />
          {t("portable.save")}
        </button>
      </section>
      <section class="card stack">
        <h2>{t("portable.only_questions")}</h2>
        <Field label={t("portable.format")}>
          {(props) => (
            <select {...props} value={format} onChange={(event) => setFormat(event.currentTarget.value)}>
              {FORMATS.map(([value, name]) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
        <button type="button" class="button wide" disabled={isBusy} onClick={() => void save(format)}>
          <Icon name="download" />
          {t("portable.save_questions")}
        </button>
        {lost > 0 && <Notice tone="warn">{t("portable.lost", { count: formatNumber(lost) })}</Notice>}
      </section>
      <p class="soft small">{t("portable.keys")}</p>
    </Page>
  );
}

function give(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // The browser reads it after the click.
}
