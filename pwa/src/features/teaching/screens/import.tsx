/** Bring in a course or questions: told first what would come of the file, then imported; every item accounted for. */

import { useEffect, useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import { Page } from "../../../app/page.tsx";
import type { Course } from "../../../app/rows.ts";
import { useEngine } from "../../../app/use.ts";
import { Icon, Meter, Notice } from "../../../ui/parts.tsx";
import { useUploads } from "../../../uploads/use.ts";
import { formatBytes } from "../../../words/format.ts";
import { t } from "../../../words/index.ts";
import {
  apply,
  FILE_BYTES_MAX,
  type ImportJob,
  type ImportKind,
  isThere,
  type Order,
  readJob,
  send,
  start,
} from "../imports.ts";
import { ImportForm } from "../parts/import-form.tsx";
import { Report } from "../parts/report.tsx";

const ASK_EVERY_MS = 1_000;

type Step =
  | { name: "choose" }
  | { name: "keeping" }
  | { name: "sending"; uploadId: string; order: Order }
  | { name: "working"; id: string; job: ImportJob | null; isTried: boolean }
  | { name: "over"; job: ImportJob };

export function ImportScreen() {
  const engine = useEngine();
  const uploads = useUploads();
  const [step, setStep] = useState<Step>({ name: "choose" });
  const [problem, setProblem] = useState<string>();
  const workingOn = step.name === "working" ? step.id : undefined;
  const sending = step.name === "sending" ? uploads?.of(step.uploadId).value : undefined;
  const isSent = isThere(sending);
  const mine = engine.buckets.value
    .filter((state) => state.bucket.startsWith("course-staff:"))
    .flatMap((state) => engine.rows<Course>("catalog.courses", { bucket: state.bucket }).value.value);

  useEffect(() => {
    if (step.name !== "sending" || !sending || !isSent) return;
    const { order } = step;
    void attempt(async () => {
      const id = await start(engine.userId, sending, order);
      setStep({ name: "working", id, job: null, isTried: order.dryRun });
    });
  }, [isSent]);
  useEffect(() => {
    if (workingOn === undefined) return;
    let timer = 0;
    let isHere = true;
    const look = async () => {
      try {
        const job = await readJob(engine.userId, workingOn);
        if (!isHere) return;
        setProblem(undefined);
        if (job.state === "done" || job.state === "failed") {
          setStep({ name: "over", job });
          engine.sync();
          return;
        }
        setStep({ name: "working", id: workingOn, job, isTried: job.dry_run === true });
      } catch (error) {
        if (isHere) setProblem(sayError(error)); // The job goes on without us: ask again.
      }
      if (isHere) timer = setTimeout(() => void look(), ASK_EVERY_MS);
    };
    void look();
    return () => {
      isHere = false;
      clearTimeout(timer);
    };
  }, [workingOn]);

  async function attempt(go: () => Promise<void>): Promise<void> {
    setProblem(undefined);
    try {
      await go();
    } catch (error) {
      setProblem(sayError(error));
      setStep({ name: "choose" });
    }
  }

  async function submit(data: FormData, isTried: boolean): Promise<void> {
    const file = data.get("file");
    if (!(file instanceof File) || !uploads) return;
    if (file.size > FILE_BYTES_MAX) {
      setProblem(t("import.too_large", { size: formatBytes(file.size), max: formatBytes(FILE_BYTES_MAX) }));
      return;
    }
    const order: Order = {
      kind: data.get("kind") as ImportKind, // Its options are the kinds.
      ...(data.get("course") ? { course: String(data.get("course")) } : {}),
      ...(data.get("practice") ? { practice: String(data.get("practice")).trim() } : {}),
      publish: data.has("publish"),
      dryRun: isTried,
    };
    await attempt(async () => {
      setStep({ name: "keeping" });
      setStep({ name: "sending", uploadId: await send(uploads, file), order });
    });
  }

  async function applyTried(job: ImportJob): Promise<void> {
    await attempt(async () => {
      await apply(engine.userId, job.id);
      setStep({ name: "working", id: job.id, job: null, isTried: false });
    });
  }

  return (
    <Page title={t("import.title")} lead={t("import.lead")} back="/teach">
      {problem && <Notice tone="bad">{problem}</Notice>}
      {step.name === "choose" && <ImportForm courses={mine} onSubmit={(data, isTried) => void submit(data, isTried)} />}
      {step.name === "choose" && <Leaving courses={mine} />}
      {(step.name === "keeping" || step.name === "sending") && (
        <section class="card stack tight" role="status">
          <p class="strong">{t("import.sending")}</p>
          <Meter value={sending?.sent ?? 0} max={sending?.bytes ?? 1} label={t("import.sending")} />
          {sending && (
            <p class="soft small number">
              {t("download.of", { done: formatBytes(sending.sent), total: formatBytes(sending.bytes) })}
            </p>
          )}
          {sending?.message && <Notice tone="bad">{sending.message}</Notice>}
          <p class="soft small">{t("portable.cut")}</p>
        </section>
      )}
      {step.name === "working" && <Working job={step.job} isTried={step.isTried} />}
      {step.name === "over" && (
        <Report job={step.job} onAgain={() => setStep({ name: "choose" })} onApply={() => void applyTried(step.job)} />
      )}
    </Page>
  );
}

function Working({ job, isTried }: { job: ImportJob | null; isTried: boolean }) {
  const words = isTried ? t("portable.trying") : t("import.working");
  return (
    <section class="card stack tight" role="status">
      <p class="strong">{job?.state === "running" ? words : t("import.queued")}</p>
      <Meter value={job?.progress_ppm ?? 0} max={1_000_000} label={words} />
      <p class="soft small">{t("import.leave")}</p>
    </section>
  );
}

/** The way out stands beside the way in. */
function Leaving({ courses }: { courses: readonly Course[] }) {
  if (courses.length === 0) return null;
  return (
    <section class="stack tight">
      <h2>{t("portable.title")}</h2>
      <ul class="list plain">
        {courses.map((course) => (
          <li key={course.id}>
            <a class="line" href={`/teach/${course.id}/export`}>
              <span class="grow">{course.title}</span>
              <Icon name="chevron-right" />
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
