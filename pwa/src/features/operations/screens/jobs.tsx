/** What the server could not do, and having it try again. */

import { useEffect, useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import { Page } from "../../../app/page.tsx";
import { useEngine } from "../../../app/use.ts";
import { Empty, Icon, Notice } from "../../../ui/parts.tsx";
import { formatAgo } from "../../../words/format.ts";
import { t, tn, word } from "../../../words/index.ts";
import { type FailedJob, readFailed, retry } from "../jobs.ts";

const KINDS: Readonly<Record<string, ReturnType<typeof word>>> = {
  "media.check_upload": word("jobs.check"),
  "media.check_large_upload": word("jobs.check"),
  "media.make_rendition": word("jobs.shrink"),
  "media.make_film": word("jobs.shrink"),
  "media.find_file": word("jobs.find"),
  "imports.run_import": word("jobs.import"),
};

function name(kind: string): string {
  const known = KINDS[kind];
  return known === undefined ? kind : t(known);
}

export function JobsScreen() {
  const { userId } = useEngine();
  const [jobs, setJobs] = useState<readonly FailedJob[]>();
  const [next, setNext] = useState<number | null>(null);
  const [busy, setBusy] = useState<number>();
  const [problem, setProblem] = useState<string>();
  const [done, setDone] = useState(false);

  async function look(before?: number): Promise<void> {
    try {
      const page = await readFailed(userId, before);
      setJobs((known) => (before === undefined ? page.jobs : [...(known ?? []), ...page.jobs]));
      setNext(page.next);
      setProblem(undefined);
    } catch (error) {
      setProblem(sayError(error));
    }
  }

  useEffect(() => void look(), []);

  async function again(id: number): Promise<void> {
    setBusy(id);
    setDone(false);
    try {
      await retry(userId, id);
      setJobs((known) => known?.filter((one) => one.id !== id));
      setProblem(undefined);
      setDone(true);
    } catch (error) {
      setProblem(sayError(error));
    }
    setBusy(undefined);
  }

  return (
    <Page title={t("jobs.title")} lead={t("jobs.lead")} back="/more">
      {problem && (
        <Notice tone="bad">
          {problem}{" "}
          <button type="button" class="button" onClick={() => void look()}>
            {t("jobs.look")}
          </button>
        </Notice>
      )}
      <div role="status">{done && <Notice tone="good">{t("jobs.trying")}</Notice>}</div>
      {jobs?.length === 0 && (
        <Empty icon="circle-check" title={t("jobs.none")}>
          <p>{t("jobs.none_hint")}</p>
        </Empty>
      )}
      {jobs && jobs.length > 0 && (
        <ul class="stack plain">
          {jobs.map((job) => (
            <li key={job.id} class="card stack tight">
              <p class="strong">{name(job.kind)}</p>
              <p class="soft small">
                {tn("jobs.gave_up", job.attempts, { ago: formatAgo(Date.parse(job.failed_at)) })}
              </p>
              <details>
                <summary>{t("jobs.details")}</summary>
                <p class="soft small">
                  {[job.kind, ...Object.entries(job.about).map((entry) => entry.join(" "))].join(", ")}
                </p>
                <p class="small">{job.error}</p>
              </details>
              <button type="button" class="button" disabled={busy === job.id} onClick={() => void again(job.id)}>
                <Icon name="refresh-cw" />
                {t("jobs.again")}
              </button>
            </li>
          ))}
        </ul>
      )}
      {next !== null && (
        <button type="button" class="button wide" onClick={() => void look(next)}>
          {t("jobs.older")}
        </button>
      )}
    </Page>
  );
}
