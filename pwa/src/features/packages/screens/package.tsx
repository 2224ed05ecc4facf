/** A package, open: its contents to choose from, then the item that was chosen in a frame of its own. */

import "../package.css";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { insist } from "../../../app/insist.ts";
import { Page } from "../../../app/page.tsx";
import { go } from "../../../app/router.ts";
import type { LessonText, MediaFile, Rendition } from "../../../app/rows.ts";
import { useCourseBucket, useEngine, useMe, useRow, useRows } from "../../../app/use.ts";
import { readFile } from "../../../media/files.ts";
import { named } from "../../../media/quality.ts";
import { useDownloads } from "../../../media/use.ts";
import { Empty, Icon, Notice } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import { readBlocks } from "../../catalog/blocks.ts";
import { addressOf, Host } from "../host.ts";
import { type Item, type Opened, openable } from "../outline.ts";
import { Contents } from "../parts/contents.tsx";
import { Getting } from "../parts/getting.tsx";
import { Standing } from "../parts/standing.tsx";
import { Keeper, ownBucket, type ResultRow, type StateRow } from "../rows.ts";
import { decode, type Kept, NEW, resultOf, together } from "../scorm/kept.ts";

export function PackageScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const { courseId = "", packageId = "" } = params;
  const bucket = useCourseBucket(courseId);
  const { row: file, isLoading } = useRow<MediaFile>("media.files", packageId, bucket);
  const texts = useRows<LessonText>("catalog.lesson_texts", bucket).rows;
  const states = useRows<StateRow>("packages.states", ownBucket(useEngine()));
  const results = useRows<ResultRow>("packages.results", ownBucket(useEngine()));
  const kept = useDownloads().isKept;
  const one = file && named(file, "package");
  const lesson = texts.find((text) => JSON.stringify(readBlocks(text.blocks)).includes(packageId));
  const back = lesson ? `/courses/${courseId}/lessons/${lesson.id}` : `/courses/${courseId}`;
  const isThere = one && kept.call(useDownloads(), one.sha256);
  const place = { courseId, packageId, title: file?.name ?? "" };
  return (
    <Page title={place.title} back={back} width="broad">
      {!one && !isLoading && (
        <Empty icon="cloud-off" title={t("packages.gone")}>
          <a class="button" href={back}>
            {t("packages.back")}
          </a>
        </Empty>
      )}
      {one && !isThere && <Getting one={one} courseId={courseId} />}
      {one && isThere && !states.isLoading && !results.isLoading && (
        <Stage one={one} place={place} back={back} states={states.rows} results={results.rows} />
      )}
    </Page>
  );
}

interface StageProps {
  readonly one: Rendition;
  readonly place: { readonly courseId: string; readonly packageId: string; readonly title: string };
  readonly back: string;
  readonly states: readonly StateRow[];
  readonly results: readonly ResultRow[];
}

function Stage({ one, place, back, states, results }: StageProps) {
  const engine = useEngine();
  const [opened, setOpened] = useState<Opened>();
  const [chosen, setChosen] = useState<Item>();
  const [problem, setProblem] = useState<string>();
  const mine = states.filter((row) => row.package_id === place.packageId);
  const result = results.find((row) => row.package_id === place.packageId && row.course_id === place.courseId);
  const keeper = useMemo(() => new Keeper(engine, place, mine, result), [engine, place.packageId]);
  const [turn, setTurn] = useState(0); // Another begins anew.
  const held = useRef(new Map<string, Kept>(mine.map((row) => [row.item, decode(row.data)])));
  const begun = useRef(Date.now());

  useEffect(() => {
    let isHere = true;
    const open = async ({ openPackage }: typeof import("../package.ts")) => {
      setProblem(undefined);
      const body = await readFile(one.sha256);
      if (!body) throw new Error(t("packages.gone"));
      const found = await openPackage(body);
      if (!isHere) return;
      setOpened(found);
      const items = openable(found.outline.items);
      if (items.length === 1) setChosen(items[0]);
    };
    const stop = insist(
      () => import("../package.ts"),
      (file) => void open(file).catch(() => isHere && setProblem(t("packages.damaged"))),
      () => setProblem(t("error.screen_offline")),
    );
    return () => {
      isHere = false;
      stop();
    };
  }, [one.sha256]);

  function keep(item: Item, kept: Kept): void {
    if (!opened) return;
    held.current.set(item.id, kept);
    const { edition, items } = opened.outline;
    const all = openable(items).map((each) => resultOf(edition, each, held.current.get(each.id) ?? decode(undefined)));
    keeper.state(item.id, kept).catch(() => setProblem(t("packages.not_kept")));
    keeper.result(together(all), begun.current).catch(() => setProblem(t("packages.not_kept")));
  }

  if (problem) return <Notice tone="bad">{problem}</Notice>;
  if (!opened) return <p class="soft">{t("packages.opening")}</p>;
  const items = openable(opened.outline.items);
  if (!chosen) {
    return (
      <>
        <Standing result={result} />
        <Contents outline={opened.outline} held={held.current} onChoose={setChosen} />
      </>
    );
  }
  return (
    <Running
      key={`${chosen.id} ${turn}`}
      opened={opened}
      item={chosen}
      kept={held.current.get(chosen.id) ?? decode(undefined)}
      keep={(kept) => keep(chosen, kept)}
      onLeft={() => (items.length > 1 ? setChosen(undefined) : go(back))}
      onAnew={() => {
        keep(chosen, { ...NEW, total: held.current.get(chosen.id)?.total ?? 0 });
        setTurn(turn + 1);
      }}
      isOnly={items.length === 1}
      result={result}
    />
  );
}

interface RunningProps {
  readonly opened: Opened;
  readonly item: Item;
  readonly kept: Kept;
  readonly keep: (kept: Kept) => void;
  readonly onLeft: () => void;
  readonly onAnew: () => void;
  readonly isOnly: boolean;
  readonly result: ResultRow | undefined;
}

function Running({ opened, item, kept, keep, onLeft, onAnew, isOnly, result }: RunningProps) {
  const me = useMe();
  const frame = useRef<HTMLIFrameElement>(null);
  const host = useRef<Host>(null);
  const [outside, setOutside] = useState<string>();
  const [isLeaving, setLeaving] = useState(false);

  useEffect(() => {
    if (!frame.current) return;
    const learner = { id: String(me?.id ?? "").slice(0, 8), name: me?.display_name || (me?.full_name ?? "") };
    const one = new Host(
      { opened, item, learner, kept: { ...kept, run: "none" }, keep, onOutside: setOutside },
      frame.current,
    );
    host.current = one;
    if (!item.sco) keep({ ...kept, exit: "", run: "ended" });
    frame.current.src = addressOf(item);
    return () => one.close();
  }, [item.id]);

  async function leave(then: () => void): Promise<void> {
    setLeaving(true);
    await host.current?.leave();
    then();
  }

  return (
    <section class="package-stage">
      <div class="row">
        <button type="button" class="button" disabled={isLeaving} onClick={() => void leave(onLeft)}>
          <Icon name={isOnly ? "check" : "list"} />
          {isOnly ? t("packages.close") : t("packages.contents")}
        </button>
        {document.fullscreenEnabled && ( // Not on iPhones.
          <button type="button" class="button quiet" onClick={() => void frame.current?.requestFullscreen()}>
            <Icon name="smartphone" />
            {t("packages.full")}
          </button>
        )}
        <Standing result={result} />
      </div>
      {outside && <Notice icon="info">{t("packages.outside", { address: outside })}</Notice>}
      <iframe ref={frame} title={item.title || opened.outline.title} allow="fullscreen; autoplay" />
      {item.sco && kept.exit !== NEW.exit && (
        <button type="button" class="button quiet" disabled={isLeaving} onClick={() => void leave(onAnew)}>
          <Icon name="refresh-cw" />
          {t("packages.anew")}
        </button>
      )}
    </section>
  );
}
