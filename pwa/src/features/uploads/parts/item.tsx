/** One file on its way. */

import { useState } from "preact/hooks";
import { Ask, Chip, Icon, Meter, type Tone } from "../../../ui/parts.tsx";
import type { Uploads } from "../../../uploads/queue.ts";
import type { Upload, UploadState } from "../../../uploads/types.ts";
import { formatBytes } from "../../../words/format.ts";
import { t } from "../../../words/index.ts";
import { sayWhy } from "./why.ts";
import "./uploads.css";

const TONES: Readonly<Record<UploadState, Tone>> = {
  waiting: "plain",
  sending: "brand",
  paused: "plain",
  checking: "brand",
  ready: "good",
  refused: "bad",
  failed: "warn",
  lost: "warn",
};
const ICONS = {
  waiting: "clock",
  sending: "send",
  paused: "pause",
  checking: "refresh-cw",
  ready: "circle-check",
  refused: "circle-x",
  failed: "circle-alert",
  lost: "circle-alert",
} as const;
const ENDED: readonly UploadState[] = ["ready", "refused", "failed"];

export function UploadItem({ upload, uploads }: { upload: Upload; uploads: Uploads }) {
  const [isAsking, setAsking] = useState(false);
  const [isOther, setOther] = useState(false);
  const { id, name, state } = upload;
  const isOver = ENDED.includes(state);

  async function attach(input: HTMLInputElement): Promise<void> {
    const file = input.files?.[0];
    if (file) setOther(!(await uploads.attach(id, file)));
    input.value = "";
  }

  return (
    <div class="stack tight">
      <p class="row">
        <span class="strong grow breaks">{name}</span>
        <span class="soft small number">{formatBytes(upload.bytes)}</span>
      </p>
      {!isOver && state !== "lost" && (
        <Meter value={shown(upload)} max={upload.bytes} label={t("uploads.progress", { name })} />
      )}
      <p role="status">
        <Chip tone={TONES[state]} icon={ICONS[state]}>
          {say(upload)}
        </Chip>
      </p>
      {isOver && sayWhy(upload) && <p class="small">{sayWhy(upload)}</p>}
      {!upload.isKept && ["waiting", "sending"].includes(state) && <p class="small">{t("uploads.keep_open")}</p>}
      {isOther && (
        <p class="wrong" role="alert">
          {t("uploads.other", { name })}
        </p>
      )}
      <div class="row">
        {(state === "waiting" || state === "sending") && (
          <button type="button" class="button" onClick={() => void uploads.pause(id)}>
            <Icon name="pause" />
            {t("uploads.pause")}
          </button>
        )}
        {(state === "paused" || state === "failed") && (
          <button type="button" class="button" onClick={() => void uploads.resume(id)}>
            <Icon name={state === "paused" ? "play" : "refresh-cw"} />
            {state === "paused" ? t("uploads.resume") : t("uploads.again")}
          </button>
        )}
        {state === "lost" && (
          <label class="button file-button">
            <Icon name="file-up" />
            {t("uploads.choose")}
            <input type="file" class="hidden" onChange={(event) => void attach(event.currentTarget)} />
          </label>
        )}
        {isOver ? (
          <button type="button" class="button quiet" onClick={() => void uploads.cancel(id)}>
            {t("uploads.dismiss")}
          </button>
        ) : (
          state !== "checking" && (
            <button type="button" class="button quiet" onClick={() => setAsking(true)}>
              {t("uploads.cancel")}
            </button>
          )
        )}
      </div>
      {isAsking && (
        <Ask
          title={t("uploads.cancel_title")}
          confirm={t("uploads.stop")}
          danger
          onYes={() => void uploads.cancel(id)}
          onNo={() => setAsking(false)}
        >
          <p>{t("uploads.cancel_body", { name })}</p>
        </Ask>
      )}
    </div>
  );
}

/** What the server has made of a file counts once it is all there. */
function shown(upload: Upload): number {
  return upload.state === "checking" ? (upload.progressPpm / 1_000_000) * upload.bytes : upload.sent;
}

function say(upload: Upload): string {
  const sizes = { done: formatBytes(upload.sent), total: formatBytes(upload.bytes) };
  switch (upload.state) {
    case "waiting":
      if (upload.code === "upload.quota") return t("uploads.later", { why: t("uploads.quota") });
      if (upload.code === "upload.too_many") return t("uploads.turn");
      if (upload.code && upload.code !== "network.offline") return t("uploads.later", { why: t("uploads.busy") });
      if (upload.code) return t("uploads.waiting");
      return upload.sent > 0 ? t("uploads.sending", sizes) : t("uploads.turn");
    case "sending":
      return t("uploads.sending", sizes);
    case "paused":
      return t("uploads.paused", sizes);
    case "checking":
      return t("uploads.checking");
    case "ready":
      return t("uploads.ready");
    case "refused":
      return t("uploads.refused");
    case "failed":
      return t("uploads.failed");
    case "lost":
      return t("uploads.lost");
  }
}
