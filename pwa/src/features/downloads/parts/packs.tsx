/** Courses from phone to phone: what is here as a file, and a file of somebody else taken in. */

import { useEffect, useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import { Refused } from "../../../app/http.ts";
import type { Course } from "../../../app/rows.ts";
import { useEngine, useRow } from "../../../app/use.ts";
import { bucketOf, type Downloads } from "../../../media/downloads.ts";
import type { OpenPack, PackCode, Taken } from "../../../media/later/packs.ts";
import { QUALITIES } from "../../../media/quality.ts";
import { useDownloads } from "../../../media/use.ts";
import { Icon, Meter, Notice } from "../../../ui/parts.tsx";
import { formatBytes } from "../../../words/format.ts";
import { t, tn, type Word, word } from "../../../words/index.ts";

const packs = () => import("../../../media/later/packs.ts");
const signedRows = () => import("../../../media/later/signed-rows.ts");

const CODES: Readonly<Record<PackCode, Word>> = {
  "pack.format": word("play.pack_not"),
  "pack.damaged": word("play.pack_damaged"),
  "pack.signature": word("play.pack_signature"),
  "pack.key_unknown": word("play.pack_key"),
};

/** The words of a refusal, whoever refused: the pack's own reader, or the engine. */
function sayRefusal(error: unknown): string {
  const { code } = Object(error) as { code?: unknown };
  const known = Object.entries(CODES).find(([name]) => name === code)?.[1];
  return known ? t(known) : sayError(error);
}

export function Packs({ courseIds }: { courseIds: readonly string[] }) {
  return (
    <section class="card stack">
      <h2>{t("play.pack_title")}</h2>
      <p class="soft small">{t("play.pack_lead")}</p>
      {courseIds.map((courseId) => (
        <Give key={courseId} courseId={courseId} />
      ))}
      <Take />
    </section>
  );
}

function Give({ courseId }: { courseId: string }) {
  const downloads = useDownloads();
  const engine = useEngine();
  const course = useRow<Course>("catalog.courses", courseId).row;
  const [made, setMade] = useState<{ address: string; bytes: number }>();
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  useEffect(() => () => made && URL.revokeObjectURL(made.address), [made]);
  const download = downloads.of(courseId).value;
  const files = downloads.listOf(courseId).files;
  if (!course || (download?.phase !== "ready" && download?.phase !== "gone")) return null;

  async function make(title: string, quality: Parameters<Downloads["start"]>[1]): Promise<void> {
    setBusy(true);
    try {
      const [{ writePack }, { fetchSignedRows }] = await Promise.all([packs(), signedRows()]);
      const rows = await fetchSignedRows(engine.userId, courseId, quality);
      if (!rows && files.length === 0) throw new Refused("network.offline", ""); // There would be nothing in it.
      const blob = await writePack({ id: courseId, title }, quality, files, rows ?? undefined);
      setMade({ address: URL.createObjectURL(blob), bytes: blob.size });
    } catch (error) {
      setProblem(sayError(error));
    }
    setBusy(false);
  }

  return (
    <div class="stack tight">
      <p class="strong">{course.title}</p>
      {made ? (
        <a class="button wide" href={made.address} download={`${nameOf(course.title)}.sparkpack`}>
          <Icon name="share-2" />
          {nameOf(course.title)}.sparkpack · {formatBytes(made.bytes)}
        </a>
      ) : (
        <button
          type="button"
          class="button wide"
          disabled={isBusy}
          onClick={() => void make(course.title, download.quality)}
        >
          <Icon name="hard-drive" />
          {isBusy ? t("play.pack_making") : t("play.pack_make", { size: formatBytes(download.total) })}
        </button>
      )}
      {problem && <Notice tone="bad">{problem}</Notice>}
    </div>
  );
}

const nameOf = (title: string) => title.replaceAll(/[\\/:*?"<>|]/g, " ").trim() || "course";

function Take() {
  const downloads = useDownloads();
  const engine = useEngine();
  const [came, setCame] = useState<{ bytes: number; of: number }>();
  const [taken, setTaken] = useState<Taken>();
  const [read, setRead] = useState<"open" | "sealed">();
  const [problem, setProblem] = useState<string>();

  async function take(file: File): Promise<void> {
    setProblem(undefined);
    setTaken(undefined);
    setCame({ bytes: 0, of: file.size });
    setRead(undefined);
    try {
      const { openPack, rowsIn, takePack } = await packs();
      const pack = await openPack(file);
      const course = await courseOf(pack);
      const hasRows = pack.sets.length > 0;
      if (!course && !hasRows) return setProblem(t("play.pack_yours"));
      const isOpen = course?.access === "free" || holds(pack.courseId);
      if (hasRows) await engine.lay(rowsIn(pack, isOpen));
      setTaken(await takePack(pack, (bytes) => setCame({ bytes, of: file.size })));
      if (hasRows) setRead(isOpen ? "open" : "sealed");
      if (!course) return await engine.want(bucketOf(pack.courseId)); // The next exchange says whose it is.
      // Rows that it does not hold come from the server; what it held is not asked for again.
      const wish = downloads.wishes[pack.courseId];
      const isMore = !wish || QUALITIES.indexOf(pack.quality) < QUALITIES.indexOf(wish.quality);
      if (isMore) await downloads.start(pack.courseId, pack.quality, wish?.wifiOnly);
    } catch (error) {
      setProblem(sayRefusal(error));
    } finally {
      await downloads.refresh();
      setCame(undefined);
    }
  }

  /** As this person's own account offers it. */
  async function courseOf(pack: OpenPack): Promise<Course | undefined> {
    const { once } = await import("../../../media/later/reporting.ts");
    return await once(engine.row<Course>("catalog.courses", pack.courseId));
  }

  /** The server has given this person the course before. */
  function holds(courseId: string): boolean {
    return engine.buckets.peek().some(({ bucket, tiers }) => bucket === bucketOf(courseId) && tiers.length > 0);
  }

  return (
    <div class="stack tight">
      <label class="button wide">
        <Icon name="file-up" />
        {t("play.pack_take")}
        <input
          type="file"
          class="hidden"
          accept=".sparkpack,application/zip"
          disabled={came !== undefined}
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            event.currentTarget.value = "";
            if (file) void take(file);
          }}
        />
      </label>
      {came && <Meter value={came.bytes} max={came.of} label={t("play.pack_taking")} />}
      {came && <p class="soft small">{t("play.pack_taking")}</p>}
      {taken && (
        <Notice tone={taken.broken + taken.missing > 0 ? "warn" : "good"}>
          {taken.kept > 0 && <p>{tn("play.pack_taken", taken.kept)}</p>}
          {read && <p>{read === "open" ? t("play.pack_rows") : t("play.pack_sealed")}</p>}
          {taken.broken > 0 && <p>{tn("play.pack_broken", taken.broken)}</p>}
          {taken.missing > 0 && <p>{tn("play.pack_missing", taken.missing)}</p>}
        </Notice>
      )}
      {problem && <Notice tone="bad">{problem}</Notice>}
    </div>
  );
}
