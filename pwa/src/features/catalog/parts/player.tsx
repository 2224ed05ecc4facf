/** Films, sound and documents of a lesson: from the phone if they are there, else on request, with the price said first. */

import "./player.css";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import type { MediaFile, Rendition } from "../../../app/rows.ts";
import { useCourseBucket, useEngine, useRow, useRows } from "../../../app/use.ts";
import { readFile } from "../../../media/files.ts";
import { captionsOf, filmsOf, named, posterOf, soundOf, thisPhone } from "../../../media/quality.ts";
import { useDownloads } from "../../../media/use.ts";
import { Icon, Meter, Notice } from "../../../ui/parts.tsx";
import { formatBytes, formatDuration } from "../../../words/format.ts";
import { LANGUAGES, language, t, tn } from "../../../words/index.ts";
import type { Block } from "../blocks.ts";
import { ownFiles, weighed } from "../own.ts";
import { keepPlayed, readPlayed, streamAddress, useAddress } from "../playing.ts";
import { Poster, usePoster } from "./poster.tsx";
import { Price } from "./price.tsx";

export type MediaBlock = Extract<Block, { type: "video" | "audio" | "document" }>;

const SPEEDS = [0.75, 1, 1.25, 1.5, 2] as const;

export function MediaView({ block, courseId }: { block: MediaBlock; courseId: string }) {
  const bucket = useCourseBucket(courseId);
  const { row: held, isLoading } = useRow<MediaFile>("media.files", block.file_id, bucket);
  const row = held ?? weighed.value?.get(block.file_id);
  const others = [...useRows<MediaFile>("media.files", bucket).rows, ...(weighed.value?.values() ?? [])];
  const file = row && withCaptions(row, block, others);
  const own = ownFiles.value.get(block.file_id);
  const attribution = file?.attribution;
  const isMade = (file?.renditions ?? []).some((one) => one.name !== "thumb");
  return (
    <figure class="media">
      {own && !isMade ? (
        <Own block={block} address={own} />
      ) : file ? (
        <Body block={block} file={file} courseId={courseId} />
      ) : (
        !isLoading && !weighed.value && <Hole>{t("play.gone")}</Hole>
      )}
      <figcaption>
        {block.title}
        {attribution && <small class="soft"> {attribution}</small>}
      </figcaption>
    </figure>
  );
}

/** As its educator chose it, before anything was made of it. */
function Own({ block, address }: { block: MediaBlock; address: string }) {
  const props = { src: address, controls: true, preload: "metadata" as const, "aria-label": block.title };
  if (block.type === "document") {
    return (
      <a class="button" href={address} download={block.title}>
        <Icon name="download" />
        {t("play.save")}
      </a>
    );
  }
  return block.type === "video" ? <video {...props} playsInline /> : <audio {...props} />;
}

/** Captions that came as files of their own are as good as those that lie in the film. */
function withCaptions(file: MediaFile, block: MediaBlock, others: readonly MediaFile[]): MediaFile {
  const ids = block.type === "video" ? (block.captions_ids ?? []) : [];
  const found = others.filter((one) => ids.includes(one.id)).flatMap(captionsOf);
  return found.length === 0 ? file : { ...file, renditions: [...(file.renditions ?? []), ...found] };
}

function Body({ block, file, courseId }: { block: MediaBlock; file: MediaFile; courseId: string }) {
  if (file.state === "failed") return <Hole>{t("play.failed")}</Hole>;
  if (block.type === "document") return <Paper title={block.title} file={file} courseId={courseId} />;
  const sound = soundOf(file, thisPhone());
  const choices = [...(sound ? [sound] : []), ...filmsOf(file)]; // The last is the best.
  if (choices.length === 0) return <Hole>{t("play.processing")}</Hole>;
  return <Choosing block={block} file={file} courseId={courseId} choices={choices} />;
}

interface Choices {
  readonly block: MediaBlock;
  readonly file: MediaFile;
  readonly courseId: string;
  readonly choices: readonly Rendition[];
}

function Choosing({ block, file, courseId, choices }: Choices) {
  const downloads = useDownloads();
  const [chosen, setChosen] = useState<string>();
  const [stream, setStream] = useState<{ one: Rendition; address: string }>();
  const kept = choices.filter((one) => downloads.isKept(one.sha256));
  const shown = kept.find((one) => one.name === chosen) ?? kept.at(-1);
  const others = choices.filter((one) => one !== shown);
  if (!shown && stream) return <Playing block={block} file={file} one={stream.one} address={stream.address} isStream />;
  if (!shown) {
    return (
      <Hole>
        <Poster file={file} />
        {file.duration_ms ? <span class="soft">{formatDuration(file.duration_ms / 1000)}</span> : null}
        <Offers file={file} courseId={courseId} choices={choices} />
        <Streaming choices={choices} onReady={(one, address) => setStream({ one, address })} />
      </Hole>
    );
  }
  return (
    <>
      <Kept key={shown.sha256} block={block} file={file} one={shown} />
      {others.length > 0 && (
        <details class="others">
          <summary>{t("play.others")}</summary>
          <div class="row">
            {others.map((one) =>
              kept.includes(one) ? (
                <button key={one.name} type="button" class="button" onClick={() => setChosen(one.name)}>
                  <Icon name="play" />
                  {nameOf(one)}
                </button>
              ) : null,
            )}
          </div>
          <Offers file={file} courseId={courseId} choices={others.filter((one) => !kept.includes(one))} />
        </details>
      )}
    </>
  );
}

/** What could be brought, each with its size and what that costs. */
function Offers({ file, courseId, choices }: Omit<Choices, "block">) {
  const downloads = useDownloads();
  const { userId } = useEngine();
  const [busy, setBusy] = useState<{ one: Rendition; abort: AbortController }>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => () => busy?.abort.abort(), [busy]);

  async function bring(one: Rendition): Promise<void> {
    const abort = new AbortController();
    setBusy({ one, abort });
    setProblem(undefined);
    try {
      const [poster, words] = [posterOf(file), captionsOf(file)];
      for (const small of poster ? [poster, ...words] : words) await downloads.fetchOne(courseId, small, abort.signal);
      await downloads.fetchOne(courseId, one, abort.signal);
    } catch (error) {
      if (!abort.signal.aborted) setProblem(error instanceof TypeError ? t("error.offline") : sayError(error));
    }
    setBusy(undefined);
  }

  if (busy) {
    const came = downloads.cameOf(busy.one.sha256);
    return (
      <div class="stack tight wide">
        <Meter value={came} max={busy.one.bytes} label={t("download.progress")} />
        <span class="soft small number">
          {t("download.of", { done: formatBytes(came), total: formatBytes(busy.one.bytes) })}
        </span>
        <button type="button" class="button" onClick={() => busy.abort.abort()}>
          <Icon name="pause" />
          {t("download.pause")}
        </button>
      </div>
    );
  }
  return (
    <>
      {problem && <Notice tone="bad">{problem}</Notice>}
      <div class="row">
        {choices.map((one) => (
          <button key={one.name} type="button" class="button" onClick={() => void bring(one)}>
            <Icon name="download" />
            <span>
              {nameOf(one)} · <span class="number">{formatBytes(one.bytes)}</span>
              <Price userId={userId} bytes={one.bytes} />
            </span>
          </button>
        ))}
      </div>
    </>
  );
}

/** For once, without keeping it: its bytes are paid for each time. */
function Streaming(props: { choices: readonly Rendition[]; onReady: (one: Rendition, address: string) => void }) {
  const engine = useEngine();
  const [problem, setProblem] = useState<string>();
  const one = props.choices.find((choice) => choice.name.startsWith("v")) ?? props.choices[0];
  if (!one || engine.status.value.link === "offline") return null;

  async function play(rendition: Rendition): Promise<void> {
    try {
      props.onReady(rendition, await streamAddress(engine.userId, rendition.sha256));
    } catch (error) {
      setProblem(sayError(error));
    }
  }

  return (
    <>
      <button type="button" class="button quiet" onClick={() => void play(one)}>
        <Icon name="play" />
        <span>
          {t("play.once", { size: formatBytes(one.bytes) })}
          <Price userId={engine.userId} bytes={one.bytes} />
        </span>
      </button>
      {problem && <Notice tone="bad">{problem}</Notice>}
    </>
  );
}

interface Played {
  readonly block: MediaBlock;
  readonly file: MediaFile;
  readonly one: Rendition;
}

function Kept(props: Played) {
  const { address, retry } = useAddress(props.one.sha256);
  return <Playing {...props} address={address} onWrong={retry} />;
}

interface Playable extends Played {
  readonly address?: string | undefined;
  readonly isStream?: boolean;
  readonly onWrong?: () => void;
}

function Playing({ block, file, one, address, isStream = false, onWrong }: Playable) {
  const { userId } = useEngine();
  const downloads = useDownloads();
  const player = useRef<HTMLVideoElement & HTMLAudioElement>(null);
  const [speed, setSpeed] = useState(1);
  const [isWrong, setWrong] = useState(false);
  const captions = captionsOf(file).filter((words) => isStream || downloads.isKept(words.sha256));
  const streamed = isStream && address ? address.slice(0, -one.sha256.length) : undefined; // Ends with what it names.
  const poster = usePoster(file);
  const keep = () => player.current && keepPlayed(userId, file.id, player.current);
  useEffect(() => keepAtEnd(player.current, userId, file.id), [userId, file.id, address]);
  const props = {
    ref: player,
    src: address,
    controls: true,
    preload: "metadata" as const,
    "aria-label": block.title,
    onLoadedMetadata: () => {
      if (!player.current) return;
      const at = readPlayed(userId, file.id, player.current.duration);
      if (at > 0) player.current.currentTime = at; // Sent to where it is, WebKit takes a sound for no longer than that.
      player.current.playbackRate = speed;
    },
    onPause: keep,
    onError: () => {
      setWrong(onWrong === undefined);
      onWrong?.();
    },
  };
  const tags = captions.map(tagOf);
  const first =
    "captions" in block && block.captions ? (tags.find((tag) => tag === language.value) ?? tags[0]) : undefined;
  const tracks = captions.map((words) => (
    <Captions key={words.sha256} words={words} isShown={tagOf(words) === first} streamed={streamed} />
  ));
  return (
    <>
      {one.name.startsWith("v") ? (
        <video {...props} poster={poster} playsInline width={one.width ?? undefined} height={one.height ?? undefined}>
          {tracks}
        </video>
      ) : (
        <>
          <Poster file={file} />
          <audio {...props}>{tracks}</audio>
        </>
      )}
      {isWrong && <Notice tone="bad">{t("play.wrong")}</Notice>}
      <label class="speed small">
        {t("play.speed")}{" "}
        <select
          value={String(speed)}
          onChange={(event) => {
            const wanted = Number(event.currentTarget.value);
            setSpeed(wanted);
            if (player.current) player.current.playbackRate = wanted;
          }}
        >
          {SPEEDS.map((one) => (
            <option key={one} value={String(one)} selected={one === speed}>
              {one.toLocaleString(language.value)}×
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

/** Where it stopped is kept when the lesson is left, too. */
function keepAtEnd(player: HTMLMediaElement | null, userId: string, fileId: string): () => void {
  return () => {
    if (player) keepPlayed(userId, fileId, player);
  };
}

const tagOf = (words: Rendition) => words.name.slice("captions.".length);

/** Of captions that are not kept the browser fetches those that are shown, and no others. */
function Captions(props: { words: Rendition; isShown: boolean; streamed: string | undefined }) {
  const { words, isShown, streamed } = props;
  const kept = useAddress(words.sha256).address;
  const address = useDownloads().isKept(words.sha256) ? kept : streamed && streamed + words.sha256;
  const tag = tagOf(words);
  const label = tag in LANGUAGES ? LANGUAGES[tag as keyof typeof LANGUAGES] : tag; // Checked on this line.
  if (!address) return null;
  return <track kind="captions" srcLang={tag} label={label} src={address} default={isShown} />;
}

function Paper({ title, file, courseId }: { title: string; file: MediaFile; courseId: string }) {
  const downloads = useDownloads();
  const pdf = named(file, "pdf") ?? named(file, "file"); // What is no PDF is only handed on.
  const pages = file.pages ? tn("play.pages", file.pages) : "";
  if (!pdf) return <Hole>{t("play.processing")}</Hole>;
  if (!downloads.isKept(pdf.sha256)) {
    return (
      <Hole>
        <span class="soft">{pages}</span>
        <Offers file={file} courseId={courseId} choices={[pdf]} />
      </Hole>
    );
  }
  return (
    <div class="row paper">
      <span class="grow">{[title, pages].filter(Boolean).join(" · ")}</span>
      <Hand sha256={pdf.sha256} name={nameFor(file, title)} />
    </div>
  );
}

/** Gives the document to whatever this phone reads documents with. */
function Hand({ sha256, name }: { sha256: string; name: string }) {
  const [made, setMade] = useState<{ address: string; file: File }>();
  useEffect(() => {
    let address: string | undefined;
    void readFile(sha256).then((blob) => {
      if (!blob) return;
      const file = new File([blob], name, { type: blob.type });
      address = URL.createObjectURL(file);
      setMade({ address, file });
    });
    return () => {
      if (address) URL.revokeObjectURL(address);
    };
  }, [sha256, name]);
  if (!made) return null;
  const files = { files: [made.file] };
  return (
    <>
      <a class="button" href={made.address} download={name}>
        <Icon name="download" />
        {t("play.save")}
      </a>
      {navigator.canShare?.(files) && (
        <button type="button" class="button" onClick={() => void navigator.share(files).catch(() => undefined)}>
          <Icon name="share-2" />
          {t("play.open")}
        </button>
      )}
    </>
  );
}

const nameFor = (file: MediaFile, title: string) => {
  const name = (file.name ?? title).replaceAll(/[\\/:*?"<>|]/g, " ").trim();
  return file.kind === "attachment" || /\.pdf$/i.test(name) ? name : `${name}.pdf`;
};

function nameOf(one: Rendition): string {
  if (one.name === "pdf") return "PDF";
  if (one.name === "file") return t("play.file");
  return one.name.startsWith("v") ? t("play.film", { lines: one.name.slice(1) }) : t("play.sound");
}

function Hole({ children }: { children: ComponentChildren }) {
  return <div class="hole">{children}</div>;
}
