/** A course's download: what it weighs and costs before, how far it is during, what it holds after. */

import { useEffect, useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import type { Course } from "../../../app/rows.ts";
import { useEngine } from "../../../app/use.ts";
import type { Download, Phase } from "../../../media/downloads.ts";
import { knowsWifi } from "../../../media/link.ts";
import { QUALITIES, type Quality } from "../../../media/quality.ts";
import { tariffOf } from "../../../media/tariff.ts";
import { useDownloads } from "../../../media/use.ts";
import { Ask, Icon, Meter, Notice } from "../../../ui/parts.tsx";
import { formatBytes, formatDuration } from "../../../words/format.ts";
import { t, tn, type Word, word } from "../../../words/index.ts";
import { Price } from "./price.tsx";

const NAMES: Readonly<Record<Quality, readonly [name: Word, hint: Word]>> = {
  normal: [word("play.normal"), word("play.normal_hint")],
  low: [word("play.low"), word("play.low_hint")],
  audio: [word("play.audio"), word("play.audio_hint")],
  text: [word("download.text"), word("play.text_hint")],
};

const PHASES: Readonly<Record<Phase, Word>> = {
  waiting: word("download.waiting"),
  wifi: word("play.wifi_waits"),
  running: word("download.running"),
  paused: word("download.paused"),
  ready: word("download.ready"),
  full: word("download.full"),
  damaged: word("download.damaged"),
  gone: word("play.missing"),
};

const STOPPED: ReadonlySet<Phase> = new Set(["paused", "full", "damaged", "gone"]);

export function DownloadBox({ course }: { course: Course }) {
  const download = useDownloads().of(course.id).value;
  if (download === null) return <Offer course={course} />;
  return download.phase === "ready" ? <Ready course={course} download={download} /> : <Coming download={download} />;
}

/** What each quality costs in bytes, as the server adds it up; of a course that came before that, the two that are known. */
function offers(course: Course): readonly (readonly [Quality, number])[] {
  const { pack_bytes: pack, text_bytes: text, media_bytes: media } = course;
  if (!pack)
    return media > 0
      ? [
          ["normal", text + media],
          ["text", text],
        ]
      : [["text", text]];
  const all = QUALITIES.map((quality) => [quality, pack[quality]] as const);
  // A quality that saves nothing beside the better one is no choice, nor one that brings nothing beside the text.
  return all.filter(([quality, bytes], at) => quality === "text" || ![pack.text, all[at - 1]?.[1]].includes(bytes));
}

function Offer({ course, now, onDone }: { course: Course; now?: Download; onDone?: () => void }) {
  const downloads = useDownloads();
  const engine = useEngine();
  const choices = offers(course);
  const [chosen, setQuality] = useState<Quality | undefined>(now?.quality);
  const [wifiOnly, setWifiOnly] = useState(now?.wifiOnly ?? false);
  const [problem, setProblem] = useState<string>();
  const room = useRoom();
  const [quality, bytes] = choices.find(([name]) => name === chosen) ?? choices[0] ?? ["text", course.text_bytes];
  const isOffline = engine.status.value.link === "offline";

  async function start(): Promise<void> {
    try {
      await downloads.start(course.id, quality, wifiOnly);
      onDone?.();
    } catch (error) {
      setProblem(sayError(error));
    }
  }

  return (
    <section class="card stack" aria-label={t("download.title")}>
      <fieldset class="stack tight">
        <legend>{t("download.title")}</legend>
        {choices.map(([value, size]) => (
          <label key={value} class="choice">
            <input type="radio" name="quality" checked={quality === value} onChange={() => setQuality(value)} />
            <span class="grow">
              <span class="strong">{t(NAMES[value][0])}</span>
              <small>{t(NAMES[value][1])}</small>
            </span>
            <span class="strong number">
              {formatBytes(size)}
              <Price userId={engine.userId} bytes={size} />
            </span>
          </label>
        ))}
      </fieldset>
      {knowsWifi && <WifiOnly isOn={wifiOnly} onChange={setWifiOnly} />}
      {room !== undefined && bytes > room + (now?.bytes ?? 0) && (
        <Notice tone="warn">{t("play.tight", { size: formatBytes(room) })}</Notice>
      )}
      {tariffOf(engine.userId) === null && (
        <a class="small" href="/downloads">
          {t("play.tell_price")}
        </a>
      )}
      {problem && <Notice tone="bad">{problem}</Notice>}
      <button type="button" class="button main wide" onClick={() => void start()}>
        <Icon name="download" />
        {t("download.act", { size: formatBytes(bytes) })}
      </button>
      {isOffline && <p class="soft small">{t("download.when_online")}</p>}
    </section>
  );
}

function WifiOnly({ isOn, onChange }: { isOn: boolean; onChange: (isOn: boolean) => void }) {
  return (
    <label class="choice">
      <input type="checkbox" checked={isOn} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span class="grow">
        <span class="strong">{t("play.wifi")}</span>
        <small>{t("play.wifi_hint")}</small>
      </span>
    </label>
  );
}

/** Bytes that the browser says are left. Often more than there are: good for a warning, not for a promise. */
export function useRoom(): number | undefined {
  const [room, setRoom] = useState<number>();
  useEffect(() => {
    void navigator.storage?.estimate?.().then(({ quota, usage }) => setRoom((quota ?? 0) - (usage ?? 0)));
  }, []);
  return room;
}

function Coming({ download }: { download: Download }) {
  const downloads = useDownloads();
  const [isAsking, setAsking] = useState(false);
  const { courseId, phase } = download;
  const isStopped = STOPPED.has(phase);
  return (
    <section class="card stack tight" aria-label={t("download.title")}>
      <p class="row apart">
        <span class="strong">{tn(PHASES[phase], download.missing)}</span>
        <span class="soft small number">
          {t("download.of", { done: formatBytes(download.bytes), total: formatBytes(download.total) })}
        </span>
      </p>
      <Meter value={download.bytes} max={download.total} label={t("download.progress")} />
      <p class="soft small">
        {download.secondsLeft !== null
          ? t("download.left", { time: formatDuration(download.secondsLeft) })
          : t("download.keeps")}
      </p>
      {knowsWifi && (
        <WifiOnly isOn={download.wifiOnly} onChange={(isOn) => void downloads.setWifiOnly(courseId, isOn)} />
      )}
      <div class="row">
        <button
          type="button"
          class="button"
          onClick={() => void (isStopped ? downloads.resume(courseId) : downloads.pause(courseId))}
        >
          <Icon name={isStopped ? "play" : "pause"} />
          {isStopped ? t("download.resume") : t("download.pause")}
        </button>
        <button type="button" class="button quiet danger" onClick={() => setAsking(true)}>
          {t("download.remove")}
        </button>
      </div>
      {isAsking && <Remove courseId={courseId} onDone={() => setAsking(false)} />}
    </section>
  );
}

function Ready({ course, download }: { course: Course; download: Download }) {
  const [isAsking, setAsking] = useState(false);
  const [isChanging, setChanging] = useState(false);
  if (isChanging) return <Offer course={course} now={download} onDone={() => setChanging(false)} />;
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
      {offers(course).length > 1 && (
        <p class="row apart">
          <span class="soft small">{t(NAMES[download.quality][0])}</span>
          <button type="button" class="button quiet" onClick={() => setChanging(true)}>
            {t("play.change")}
          </button>
        </p>
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
