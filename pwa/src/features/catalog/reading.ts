/** Watches a lesson being read: how far, how long, and where it stopped. */

import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Engine } from "#sync";
import type { Lesson, Progress } from "../../app/rows.ts";
import { DONE_PPM, keepPlace, keepProgress, readPlaces } from "./progress.ts";

const KEEP_EVERY_MS = 30_000;

interface Watched {
  readonly engine: Engine;
  readonly lesson: Lesson;
  readonly progress: Progress | undefined;
  readonly article: RefObject<HTMLElement | null>;
}

/** Goes to the block where the reading stopped, and keeps progress. Returns what to call when the reader is done. */
export function useReading(watched: Watched): () => void {
  const latest = useRef(watched);
  latest.current = watched;
  const seen = useRef(0);
  const since = useRef(Date.now());
  const { engine, lesson } = watched;

  async function keep(isFinished: boolean): Promise<void> {
    const seconds = Math.min((Date.now() - since.current) / 1000, 600); // Longer without a touch is not reading.
    since.current = Date.now();
    const reading = {
      lessonId: lesson.id,
      seenPpm: seen.current,
      seconds,
      isFinished: isFinished || seen.current >= DONE_PPM,
    };
    await keepProgress(engine, latest.current.progress, reading, lesson.title);
  }

  useEffect(() => {
    const blocks = () => [...(latest.current.article.current?.children ?? [])] as HTMLElement[]; // Blocks are HTML.
    const start = readPlaces(engine.userId)[lesson.id]?.block ?? 0;
    const timer = setTimeout(() => {
      if (start > 0 && scrollY === 0) blocks()[start]?.scrollIntoView({ block: "start" });
    }, 50); // After the router has put the focus on the title.
    const note = () => {
      const all = blocks();
      const first = all.findIndex((block) => block.getBoundingClientRect().bottom > 80);
      const last = all.findLastIndex((block) => block.getBoundingClientRect().top < innerHeight);
      if (all.length > 0) seen.current = Math.max(seen.current, Math.round(((last + 1) / all.length) * 1_000_000));
      keepPlace(engine.userId, lesson.id, { courseId: lesson.course_id, block: Math.max(first, 0), at: Date.now() });
    };
    let pending = 0;
    const onScroll = () => {
      clearTimeout(pending);
      pending = setTimeout(note, 250);
    };
    const onHide = () => document.visibilityState === "hidden" && void keep(false);
    const every = setInterval(() => document.visibilityState === "visible" && void keep(false), KEEP_EVERY_MS);
    setTimeout(note, 400);
    addEventListener("scroll", onScroll, { passive: true });
    document.addEventListener("visibilitychange", onHide);
    return () => {
      clearTimeout(timer);
      clearTimeout(pending);
      clearInterval(every);
      removeEventListener("scroll", onScroll);
      document.removeEventListener("visibilitychange", onHide);
      void keep(false);
    };
  }, [lesson.id]);

  return () => {
    seen.current = 1_000_000;
    void keep(true);
  };
}
