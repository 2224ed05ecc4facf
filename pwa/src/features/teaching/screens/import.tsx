/** Bring in a course (Common Cartridge) or questions (GIFT), and say of every item what became of it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import { Page } from "../../../app/page.tsx";
import { query } from "../../../app/router.ts";
import type { Course } from "../../../app/rows.ts";
import { useEngine } from "../../../app/use.ts";
import { Field, Icon, Meter, Notice } from "../../../ui/parts.tsx";
import { formatBytes } from "../../../words/format.ts";
import { t } from "../../../words/index.ts";
import { FILE_BYTES_MAX, type ImportJob, type ImportKind, readJob, upload } from "../imports.ts";
import { Report } from "../parts/report.tsx";

const ASK_EVERY_MS = 1_000;

type Step =
  | { name: "choose" }
  | { name: "sending"; sent: number; total: number }
  | { name: "working"; id: string; job: ImportJob | null }
  | { name: "over"; job: ImportJob };

export function ImportScreen() {
  const engine = useEngine();
  const [step, setStep] = useState<Step>({ name: "choose" });
  const [problem, setProblem] = useState<string>();
  const abort = useRef(new AbortController());
  const workingOn = step.name === "working" ? step.id : undefined;

  useEffect(() => () => abort.current.abort(), []);
  useEffect(() => {
    if (workingOn === undefined) return;
    let timer = 0;
    const look = async () => {
      try {
        const job = await readJob(engine.userId, workingOn);
        setProblem(undefined);
        if (job.state === "done" || job.state === "failed") {
          setStep({ name: "over", job });
          engine.sync();
          return;
        }
        setStep({ name: "working", id: workingOn, job });
      } catch (error) {
        setProblem(sayError(error)); // The job goes on without us: ask again.
      }
      timer = setTimeout(() => void look(), ASK_EVERY_MS);
    };
    void look();
    return () => clearTimeout(timer);
  }, [workingOn]);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement); // The form that has this listener.
    const file = data.get("file");
    if (!(file instanceof File)) return;
    if (file.size > FILE_BYTES_MAX) {
      setProblem(t("import.too_large", { size: formatBytes(file.size), max: formatBytes(FILE_BYTES_MAX) }));
      return;
    }
    setProblem(undefined);
    setStep({ name: "sending", sent: 0, total: file.size });
    try {
      const id = await upload({
        kind: data.get("kind") as ImportKind, // Its options are the kinds.
        file,
        ...(data.get("course") ? { course: String(data.get("course")) } : {}),
        ...(data.get("practice") ? { practice: String(data.get("practice")).trim() } : {}),
        publish: data.has("publish"),
        userId: engine.userId,
        signal: abort.current.signal,
        onBytes: (sent) => setStep({ name: "sending", sent, total: file.size }),
      });
      setStep({ name: "working", id, job: null });
    } catch (error) {
      setProblem(sayError(error));
      setStep({ name: "choose" });
    }
  }

  return (
    <Page title={t("import.title")} lead={t("import.lead")} back="/teach">
      {problem && <Notice tone="bad">{problem}</Notice>}
      {step.name === "choose" && <ChooseForm onSubmit={submit} />}
      {step.name === "sending" && (
        <section class="card stack tight" role="status">
          <p class="strong">{t("import.sending")}</p>
          <Meter value={step.sent} max={step.total} label={t("import.sending")} />
          <p class="soft small number">
            {t("download.of", { done: formatBytes(step.sent), total: formatBytes(step.total) })}
          </p>
        </section>
      )}
      {step.name === "working" && (
        <section class="card stack tight" role="status">
          <p class="strong">{step.job?.state === "running" ? t("import.working") : t("import.queued")}</p>
          <Meter value={step.job?.progress_ppm ?? 0} max={1_000_000} label={t("import.working")} />
          <p class="soft small">{step.job?.step ?? t("import.leave")}</p>
        </section>
      )}
      {step.name === "over" && <Report job={step.job} onAgain={() => setStep({ name: "choose" })} />}
    </Page>
  );
}

function ChooseForm({ onSubmit }: { onSubmit: (event: SubmitEvent) => void }) {
  const course = query.value.get("course") ?? "";
  const [kind, setKind] = useState<ImportKind>(course ? "gift" : "cartridge");
  const engine = useEngine();
  const mine = engine.buckets.value
    .filter((state) => state.bucket.startsWith("course-staff:"))
    .flatMap((state) => engine.rows<Course>("catalog.courses", { bucket: state.bucket }).value.value);
  return (
    <form class="stack" onSubmit={onSubmit}>
      <fieldset class="stack tight">
        <legend>{t("import.what")}</legend>
        {(["cartridge", "gift"] as const).map((value) => (
          <label key={value} class="choice">
            <input type="radio" name="kind" value={value} checked={kind === value} onChange={() => setKind(value)} />
            <span>
              <span class="strong">{value === "cartridge" ? t("import.cartridge") : t("import.gift")}</span>
              <small>{value === "cartridge" ? t("import.cartridge_hint") : t("import.gift_hint")}</small>
            </span>
          </label>
        ))}
      </fieldset>
      {kind === "gift" && (
        <>
          <Field label={t("import.course")} {...(mine.length === 0 ? { wrong: t("import.no_course") } : {})}>
            {(props) => (
              <select {...props} name="course" required>
                {mine.map((one) => (
                  <option key={one.id} value={one.slug} selected={one.slug === course}>
                    {one.title}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label={t("import.practice")} hint={t("import.practice_hint")}>
            {(props) => <input {...props} name="practice" maxLength={255} required />}
          </Field>
        </>
      )}
      <Field label={t("import.file")} hint={t("import.file_hint", { max: formatBytes(FILE_BYTES_MAX) })}>
        {(props) => (
          <input
            {...props}
            type="file"
            name="file"
            required
            class="file"
            accept={kind === "cartridge" ? ".imscc,.zip,application/zip" : ".gift,.txt,text/plain"}
          />
        )}
      </Field>
      <label class="choice">
        <input type="checkbox" name="publish" defaultChecked />
        <span>
          <span class="strong">{t("import.publish")}</span>
          <small>{t("import.publish_hint")}</small>
        </span>
      </label>
      <button type="submit" class="button main wide">
        <Icon name="file-up" />
        {t("import.act")}
      </button>
    </form>
  );
}
