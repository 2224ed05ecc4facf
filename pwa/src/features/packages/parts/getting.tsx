/** A package that is not on this phone: its size and price, and the button that brings it. */

import { useEffect, useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import type { Rendition } from "../../../app/rows.ts";
import { useEngine } from "../../../app/use.ts";
import { useDownloads } from "../../../media/use.ts";
import { Icon, Meter, Notice } from "../../../ui/parts.tsx";
import { formatBytes } from "../../../words/format.ts";
import { t } from "../../../words/index.ts";
import { Price } from "../../catalog/parts/price.tsx";

export function Getting({ one, courseId }: { one: Rendition; courseId: string }) {
  const downloads = useDownloads();
  const { userId } = useEngine();
  const [busy, setBusy] = useState<AbortController>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => () => busy?.abort(), [busy]);

  async function bring(): Promise<void> {
    const abort = new AbortController();
    setBusy(abort);
    setProblem(undefined);
    try {
      await downloads.fetchOne(courseId, one, abort.signal);
    } catch (error) {
      if (!abort.signal.aborted) setProblem(error instanceof TypeError ? t("error.offline") : sayError(error));
    }
    setBusy(undefined);
  }

  if (busy) {
    const came = downloads.cameOf(one.sha256);
    return (
      <div class="stack tight wide">
        <Meter value={came} max={one.bytes} label={t("download.progress")} />
        <span class="soft small number">
          {t("download.of", { done: formatBytes(came), total: formatBytes(one.bytes) })}
        </span>
        <button type="button" class="button" onClick={() => busy.abort()}>
          <Icon name="pause" />
          {t("download.pause")}
        </button>
      </div>
    );
  }
  return (
    <>
      {problem && <Notice tone="bad">{problem}</Notice>}
      <button type="button" class="button main" onClick={() => void bring()}>
        <Icon name="download" />
        <span>
          {t("packages.get")} · <span class="number">{formatBytes(one.bytes)}</span>
          <Price userId={userId} bytes={one.bytes} />
        </span>
      </button>
    </>
  );
}
