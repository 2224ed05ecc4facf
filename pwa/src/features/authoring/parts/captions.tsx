/** What is said in a film, to be read along: files of times and words, one a language. */

import { useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import type { MediaFile } from "../../../app/rows.ts";
import { useEngine, useRow } from "../../../app/use.ts";
import { Field, Icon, Notice } from "../../../ui/parts.tsx";
import { uploadsOf, useUploads } from "../../../uploads/use.ts";
import { LANGUAGES, language, t } from "../../../words/index.ts";
import type { Block, VideoBlock } from "../../catalog/blocks.ts";
import { staffBucket } from "../staff.ts";
import type { EditorProps } from "./fields.tsx";

const FILES_MAX = 8;
const TYPES = { vtt: "text/vtt", srt: "application/x-subrip" } as const;
const UNKNOWN = "und";

export function Captions({ block, courseId, onChange, onBusy }: EditorProps<VideoBlock>) {
  const engine = useEngine();
  const [spoken, setSpoken] = useState<string>(language.value);
  const [problem, setProblem] = useState<string>();
  const ids = block.captions_ids ?? [];

  async function take(input: HTMLInputElement): Promise<void> {
    const file = input.files?.[0];
    if (!file) return;
    setProblem(undefined);
    onBusy(true);
    try {
      const uploads = await uploadsOf(engine);
      const { fileId } = await uploads.add(named(file, spoken), {
        purpose: "course",
        purposeId: courseId,
        licence: "Own work",
      });
      onChange((now) => withCaptions(now, fileId), true);
    } catch (error) {
      setProblem(sayError(error));
    }
    onBusy(false);
    input.value = ""; // The same file may be chosen again.
  }

  return (
    <fieldset class="stack tight">
      <legend>{t("authoring.captions")}</legend>
      {ids.length > 0 && (
        <ul class="plain">
          {ids.map((id) => (
            <Line
              key={id}
              fileId={id}
              courseId={courseId}
              onRemove={() => onChange((now) => withoutCaptions(now, id), true)}
            />
          ))}
        </ul>
      )}
      {ids.length > 0 && (
        <label class="row">
          <input
            type="checkbox"
            checked={block.captions ?? false}
            onChange={(event) => onChange({ ...block, captions: event.currentTarget.checked }, true)}
          />
          {t("authoring.captions_start")}
        </label>
      )}
      {problem && <Notice tone="bad">{problem}</Notice>}
      {ids.length < FILES_MAX && (
        <>
          <Field label={t("authoring.captions_language")}>
            {(props) => (
              <select {...props} onChange={(event) => setSpoken(event.currentTarget.value)}>
                {Object.entries(LANGUAGES).map(([tag, name]) => (
                  <option key={tag} value={tag} selected={tag === spoken} lang={tag}>
                    {name}
                  </option>
                ))}
                <option value={UNKNOWN} selected={spoken === UNKNOWN}>
                  {t("authoring.captions_other")}
                </option>
              </select>
            )}
          </Field>
          <Field label={t("authoring.captions_file")} hint={t("authoring.captions_hint")}>
            {(props) => (
              <input
                {...props}
                type="file"
                accept=".vtt,.srt,text/vtt,application/x-subrip"
                onChange={(event) => void take(event.currentTarget)}
              />
            )}
          </Field>
        </>
      )}
    </fieldset>
  );
}

function Line({ fileId, courseId, onRemove }: { fileId: string; courseId: string; onRemove: () => void }) {
  const upload = useUploads()?.all.value.find((one) => one.fileId === fileId);
  const row = useRow<MediaFile>("media.files", fileId, staffBucket(courseId)).row;
  const tag = row?.renditions?.[0]?.name.split(".")[1] ?? upload?.name.split(".").at(-2) ?? UNKNOWN;
  const name = tag in LANGUAGES ? LANGUAGES[tag as keyof typeof LANGUAGES] : t("authoring.captions_other"); // Checked on this line.
  return (
    <li class="row apart">
      <span>{name}</span>
      <button
        type="button"
        class="button quiet round"
        aria-label={t("authoring.captions_less", { name })}
        onClick={onRemove}
      >
        <Icon name="trash-2" />
      </button>
    </li>
  );
}

/** The server reads the language of captions from their name. */
function named(file: File, spoken: string): File {
  const ending = /\.srt$/i.test(file.name) ? "srt" : "vtt";
  const stem = file.name.replace(/(\.[a-z-]{2,5})?\.[^.]{1,5}$/i, "") || "captions";
  return new File([file], `${stem}.${spoken}.${ending}`, { type: TYPES[ending] });
}

function withCaptions(now: Block, fileId: string): Block {
  if (now.type !== "video") return now;
  return { ...now, captions: true, captions_ids: [...new Set([...(now.captions_ids ?? []), fileId])] };
}

function withoutCaptions(now: Block, fileId: string): Block {
  if (now.type !== "video") return now;
  const { captions_ids: were = [], captions, ...plain } = now;
  const left = were.filter((id) => id !== fileId);
  return left.length === 0 ? plain : { ...plain, captions: captions ?? false, captions_ids: left };
}
