/** Files on their way to the server: what waits, how far each has come, and what became of it. */

import { useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import { Page } from "../../../app/page.tsx";
import { useEngine } from "../../../app/use.ts";
import { Empty, Icon, Notice } from "../../../ui/parts.tsx";
import { uploadsOf, useUploads } from "../../../uploads/use.ts";
import { formatBytes } from "../../../words/format.ts";
import { t } from "../../../words/index.ts";
import { UploadItem } from "../parts/item.tsx";

export const ACCEPT =
  "image/jpeg,image/png,image/webp,image/gif,video/mp4,video/webm,video/quicktime,video/3gpp,audio/*,application/pdf,.docx,.pptx,.xlsx,.odt,.odp,.ods,.vtt,.srt,.txt,.md,.zip";

export function UploadsScreen() {
  const engine = useEngine();
  const uploads = useUploads();
  const [problem, setProblem] = useState<string>();
  const [keeping, setKeeping] = useState<{ name: string; done: number; total: number }>();
  // What an import does with its file once it has come, its own screen says.
  const all = (uploads?.all.value ?? []).filter((one) => one.purpose !== "import" || one.state !== "checking");

  async function add(input: HTMLInputElement): Promise<void> {
    setProblem(undefined);
    for (const file of [...(input.files ?? [])]) {
      try {
        const queue = await uploadsOf(engine); // On a slow phone files are chosen sooner than these are read.
        const onProgress = (done: number, total: number) => setKeeping({ name: file.name, done, total });
        await queue.add(file, { purpose: "course", onProgress });
      } catch (error) {
        const isFull = error instanceof DOMException && error.name === "QuotaExceededError";
        setProblem(isFull ? sayError(error) : t("uploads.unreadable", { name: file.name }));
      }
    }
    setKeeping(undefined);
    input.value = ""; // The same file may be chosen again.
  }

  return (
    <Page title={t("uploads.title")} lead={t("uploads.lead")} back="/teach">
      {problem && <Notice tone="bad">{problem}</Notice>}
      <label class="button main wide file-button">
        <Icon name="file-up" />
        {t("uploads.add")}
        <input
          type="file"
          class="hidden"
          multiple
          accept={ACCEPT}
          disabled={keeping !== undefined}
          onChange={(event) => void add(event.currentTarget)}
        />
      </label>
      {keeping && (
        <p class="soft small" role="status">
          {t("uploads.keeping", {
            name: keeping.name,
            done: formatBytes(keeping.done),
            total: formatBytes(keeping.total),
          })}
        </p>
      )}
      {uploads && all.length > 0 && (
        <ul class="plain stack tight">
          {all.toReversed().map((upload) => (
            <li key={upload.id} class="card">
              <UploadItem upload={upload} uploads={uploads} />
            </li>
          ))}
        </ul>
      )}
      {uploads && all.length === 0 && (
        <Empty icon="file-up" title={t("uploads.none")}>
          <p>{t("uploads.none_hint")}</p>
        </Empty>
      )}
    </Page>
  );
}
