/** A course's download: what it weighs and costs before, how far it is during, what it holds after. */

import { useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import type { Course } from "../../../app/rows.ts";
import { useEngine } from "../../../app/use.ts";
import type { Download, Quality } from "../../../media/downloads.ts";
import { tariffOf } from "../../../media/tariff.ts";
import { useDownloads } from "../../../media/use.ts";
import { Ask, Icon, Meter, Notice } from "../../../ui/parts.tsx";
import { formatBytes, formatDuration, formatMoney } from "../../../words/format.ts";
import { t } from "../../../words/index.ts";

export function DownloadBox({ course }: { course: Course }) {
  const download = useDownloads().of(course.id).value;
  if (download === null) return <Offer course={course} />;
  return download.phase === "ready" ? <Ready course={course} download={download} /> : <Coming download={download} />;
}

function Offer({ course }: { course: Course }) {
  const downloads = useDownloads();
  const engine = useEngine();
  const [quality, setQuality] = useState<Quality>("pictures");
  const [problem, setProblem] = useState<string>();
  const bytes = { text: course.text_bytes, pictures: course.text_bytes + course.media_bytes };
  const isOffline = engine.status.value.link === "offline";

  async function start(): Promise<void> {
    try {
      await downloads.start(course.id, quality);
    } catch (error) {
      setProblem(sayError(error));
    }
  }

  return (
    <section class="card stack" aria-label={t("download.title")}>
      <fieldset class="stack tight">
        <legend>{t("download.title")}</legend>
        {(["pictures", "text"] as const).map((value) => (
          <label key={value} class="choice">
            <input type="radio" name="quality" checked={quality === value} onChange={() => setQuality(value)} />
            <span class="grow">
              <span class="strong">{value === "text" ? t("download.text") : t("download.pictures")}</span>
              <small>{value === "text" ? t("download.text_hint") : t("download.pictures_hint")}</small>
            </span>
            <span class="strong number">
              {formatBytes(bytes[value])}
              <Price userId={engine.userId} bytes={bytes[value]} />
            </span>
          </label>
        ))}
      </fieldset>
      {problem && <Notice tone="bad">{problem}</Notice>}
      <button type="button" class="button main wide" onClick={() => void start()}>
        <Icon name="download" />
        {t("download.act", { size: formatBytes(bytes[quality]) })}
      </button>
      {isOffline && <p class="soft small">{t("download.when_online")}</p>}
    </section>
  );
}

/** What the megabytes cost, if the person told us their tariff. */
function Price({ userId, bytes }: { userId: string; bytes: number }) {
  const tariff = tariffOf(userId);
  if (!tariff) return null;
  return <small>≈ {formatMoney((bytes / 1_000_000) * tariff.perMegabyte, tariff.currency)}</small>;
}

function Coming({ download }: { download: Download }) {
  const downloads = useDownloads();
  const [isAsking, setAsking] = useState(false);
  const isPaused = download.phase === "paused" || download.phase === "full" || download.phase === "damaged";
  return (
    <section class="card stack tight" aria-label={t("download.title")}>
      <p class="row apart">
        <span class="strong">{wordsOf(download)}</span>
        <span class="soft small number">
          {t("download.of", { done: formatBytes(download.bytes), total: formatBytes(download.total) })}
        </span>
      </p>
      <Meter value={download.bytes} max={download.total} label={t("download.progress")} />
      <p class="soft small">
        {download.phase === "running" && download.secondsLeft !== null
          ? t("download.left", { time: formatDuration(download.secondsLeft) })
          : t("download.keeps")}
      </p>
      <div class="row">
        <button
          type="button"
          class="button"
          onClick={() => (isPaused ? downloads.resume(download.courseId) : downloads.pause(download.courseId))}
        >
          <Icon name={isPaused ? "play" : "pause"} />
          {isPaused ? t("download.resume") : t("download.pause")}
        </button>
        <button type="button" class="button quiet danger" onClick={() => setAsking(true)}>
          {t("download.remove")}
        </button>
      </div>
      {isAsking && <Remove courseId={download.courseId} onDone={() => setAsking(false)} />}
    </section>
  );
}

function wordsOf(download: Download): string {
  switch (download.phase) {
    case "paused":
      return t("download.paused");
    case "waiting":
      return t("download.waiting");
    case "full":
      return t("download.full");
    case "damaged":
      return t("download.damaged");
    default:
      return t("download.running");
  }
}

function Ready({ course, download }: { course: Course; download: Download }) {
  const downloads = useDownloads();
  const [isAsking, setAsking] = useState(false);
  return (
    <section class="stack tight" aria-label={t("download.title")}>
      <div class="row apart">
        <span class="chip good">
          <Icon name="circle-check" />
          {t("download.ready")} · {formatBytes(download.total)}
        </span>
        <button type="button" class="button quiet danger" onClick={() => setAsking(true)}>
          <Icon name="trash-2" />
          {t("download.remove")}
        </button>
      </div>
      {download.quality === "text" && course.media_bytes > 0 && (
        <button type="button" class="button wide" onClick={() => void downloads.start(course.id, "pictures")}>
          <Icon name="image" />
          {t("download.add_pictures", { size: formatBytes(course.media_bytes) })}
        </button>
      )}
      {isAsking && <Remove courseId={course.id} onDone={() => setAsking(false)} />}
    </section>
  );
}

export function Remove({ courseId, onDone }: { courseId: string; onDone: () => void }) {
  const downloads = useDownloads();
  return (
    <Ask
      title={t("download.remove_title")}
      confirm={t("download.remove")}
      danger
      onNo={onDone}
      onYes={() => {
        void downloads.remove(courseId);
        onDone();
      }}
    >
      <p>{t("download.remove_body")}</p>
    </Ask>
  );
}
