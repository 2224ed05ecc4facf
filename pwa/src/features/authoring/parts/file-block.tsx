/** Pictures, films, sounds and documents: chosen with or without a network, sent when there is one. */

import { useEffect, useRef, useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import type { MediaFile } from "../../../app/rows.ts";
import { useEngine, useRow } from "../../../app/use.ts";
import { Chip, Field, Meter, Notice } from "../../../ui/parts.tsx";
import type { Upload } from "../../../uploads/types.ts";
import { uploadsOf, useUploads } from "../../../uploads/use.ts";
import { learn } from "../../../words/areas.ts";
import { formatBytes } from "../../../words/format.ts";
import { t, type Word, word } from "../../../words/index.ts";
import type { Block } from "../../catalog/blocks.ts";
import { BlockView } from "../../catalog/parts/blocks.tsx";
import { sayWhy } from "../../uploads/parts/why.ts";
import { keepChosen } from "../chosen.ts";
import { staffBucket } from "../staff.ts";
import { Captions } from "./captions.tsx";
import { type EditorProps, First } from "./fields.tsx";
import { RichInput } from "./rich-input.tsx";

type Shown = Extract<Block, { type: "image" | "video" | "audio" | "document" }>;

const TYPES: Readonly<Record<Shown["type"], string>> = {
  image: "image/jpeg,image/png,image/webp,image/gif",
  video: "video/mp4,video/webm,video/quicktime,video/3gpp",
  audio: "audio/mpeg,audio/mp4,audio/ogg,audio/wav,audio/webm",
  document: "application/pdf",
};
const WIDTH_MAX = 960; // Of the largest variant that a phone gets.
const TITLE_LENGTH_MAX = 500;

const LICENCES: readonly { licence: string; name?: Word }[] = [
  { licence: "Own work", name: word("authoring.licence_own") },
  { licence: "CC BY 4.0" },
  { licence: "CC BY-SA 4.0" },
  { licence: "Public domain", name: word("authoring.licence_public") },
];

export function FileEditor(props: EditorProps) {
  const { block } = props;
  const isFile =
    block.type === "image" || block.type === "video" || block.type === "audio" || block.type === "document";
  return isFile ? <FileBlock {...props} block={block} /> : null;
}

function FileBlock(props: EditorProps<Shown>) {
  const { block, courseId, onChange } = props;
  return (
    <>
      {block.file_id === "" ? (
        <Choose {...props} />
      ) : (
        <>
          <FileState fileId={block.file_id} courseId={courseId} />
          <div class="lesson">
            <BlockView block={block} place={{ courseId, isTeacher: true }} />
          </div>
        </>
      )}
      {block.type === "image" ? (
        <PictureWords {...props} block={block} />
      ) : (
        <First
          label={t("authoring.file_title")}
          value={block.title}
          onInput={(title) => onChange({ ...block, title })}
        />
      )}
      {block.type === "video" && block.file_id !== "" && <Captions {...props} block={block} />}
      {block.file_id !== "" && <Choose {...props} />}
    </>
  );
}

function PictureWords({ block, onChange }: EditorProps<Extract<Block, { type: "image" }>>) {
  const { caption: _caption, ...silent } = block;
  return (
    <>
      <First label={t("authoring.alt")} value={block.alt} onInput={(alt) => onChange({ ...block, alt })} />
      <RichInput
        label={t("authoring.caption")}
        html={block.caption ?? ""}
        onInput={(caption) => onChange(caption === "" ? silent : { ...block, caption })}
      />
    </>
  );
}

/** Licence and maker are asked before the file: they are part of what it is called. */
function Choose({ block, courseId, onChange, onBusy }: EditorProps<Shown>) {
  const engine = useEngine();
  const input = useRef<HTMLInputElement>(null);
  const [licence, setLicence] = useState(LICENCES[0]?.licence ?? "");
  const [whose, setWhose] = useState("");
  const [problem, setProblem] = useState<string>();
  const [done, setDone] = useState<{ part: number; of: number }>();

  async function take(file: File | undefined): Promise<void> {
    if (!file) return;
    setProblem(undefined);
    onBusy(true);
    try {
      const uploads = await uploadsOf(engine); // On a slow phone a file is chosen sooner than these are read.
      const size = block.type === "image" ? await sizeOf(file) : null;
      const added = await uploads.add(file, {
        purpose: "course",
        purposeId: courseId,
        licence,
        attribution: whose.trim(),
        onProgress: (part, of) => setDone({ part, of }),
      });
      keepChosen(added.fileId, file);
      onChange((now) => showing(now, added.fileId, size, titleOf(file)), true);
    } catch (error) {
      setProblem(
        error instanceof DOMException && error.name === "EncodingError" ? t("authoring.file_bad") : sayError(error),
      );
    }
    onBusy(false);
    setDone(undefined);
  }

  return (
    <div class="stack tight">
      {problem && <Notice tone="bad">{problem}</Notice>}
      <Field label={t("authoring.licence")}>
        {(props) => (
          <select {...props} onChange={(event) => setLicence(event.currentTarget.value)}>
            {LICENCES.map(({ licence: one, name }) => (
              <option key={one} value={one} selected={one === licence}>
                {name === undefined ? `Creative Commons (${one})` : t(name)}
              </option>
            ))}
          </select>
        )}
      </Field>
      {licence !== LICENCES[0]?.licence && <First label={t("authoring.whose")} value={whose} onInput={setWhose} />}
      <Field label={block.file_id === "" ? t("authoring.file") : t("authoring.file_other")}>
        {(props) => (
          <input
            {...props}
            ref={input}
            type="file"
            accept={TYPES[block.type]}
            disabled={done !== undefined}
            onChange={(event) => void take(event.currentTarget.files?.[0])}
          />
        )}
      </Field>
      {done && <Meter value={done.part} max={done.of} label={t("authoring.file")} />}
    </div>
  );
}

/** The block as it is by now: its words may have been written while the file was read. */
function showing(now: Block, fileId: string, size: { width: number; height: number } | null, title: string): Block {
  if (now.type === "image") return { ...now, file_id: fileId, ...(size ?? {}) };
  if (!("file_id" in now)) return now;
  return { ...now, file_id: fileId, title: now.title.trim() || title };
}

const titleOf = (file: File): string => file.name.replace(/\.[^.]{1,5}$/, "").slice(0, TITLE_LENGTH_MAX) || file.name;

/** Raises EncodingError for what is no picture. */
async function sizeOf(file: File): Promise<{ width: number; height: number }> {
  const address = URL.createObjectURL(file);
  try {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    const scale = Math.min(1, WIDTH_MAX / Math.max(1, picture.naturalWidth));
    const scaled = (pixels: number) => Math.max(1, Math.round(pixels * scale));
    return { width: scaled(picture.naturalWidth), height: scaled(picture.naturalHeight) };
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** Where the file is on its way; nothing is said of one that is there. */
function FileState({ fileId, courseId }: { fileId: string; courseId: string }) {
  const uploads = useUploads();
  const file = useRow<MediaFile>("media.files", fileId, staffBucket(courseId)).row;
  const upload = uploads?.all.value.find((one) => one.fileId === fileId);
  useEffect(() => void learn("uploads").catch(() => undefined), []); // The reasons; else the server's own words.
  useEffect(() => {
    if (upload?.state === "paused") void uploads?.resume(upload.id); // Who looks at it wants it sent.
  }, [uploads, upload?.id, upload?.state]);
  if (file?.state === "processing") {
    return (
      <p role="status">
        <Chip tone="brand">{t("authoring.file_making")}</Chip>
      </p>
    );
  }
  if (file || !upload) return null;
  return (
    <p class="row" role="status">
      <span class="small">
        {upload.name} · {formatBytes(upload.bytes)}
      </span>
      <State upload={upload} />
    </p>
  );
}

function State({ upload }: { upload: Upload }) {
  switch (upload.state) {
    case "ready":
      return <Chip tone="good">{t("authoring.file_ready")}</Chip>;
    case "checking":
      return <Chip tone="brand">{t("authoring.file_checking")}</Chip>;
    case "lost":
      return <Notice tone="bad">{t("uploads.lost")}</Notice>;
    case "refused":
    case "failed":
      return (
        <Notice tone="bad">{t("authoring.file_refused", { why: sayWhy(upload) || (upload.message ?? "") })}</Notice>
      );
    default:
      return (
        <Chip>
          {t("authoring.file_sending", { percent: Math.floor((100 * upload.sent) / Math.max(1, upload.bytes)) })}
        </Chip>
      );
  }
}
