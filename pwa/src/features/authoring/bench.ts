/** The working copy of one lesson: what is written here, what it was made of, and how far it is kept. */

import { useEffect, useRef, useState } from "preact/hooks";
import { sayError } from "../../app/errors.tsx";
import type { LessonText } from "../../app/rows.ts";
import { useEngine } from "../../app/use.ts";
import { type Block, readBlocks } from "../catalog/blocks.ts";
import { mergeBlocks } from "./conflicts.ts";
import { blocksOf, finished, type Item, itemsOf, keyed, type Setting, same, settled } from "./editing.ts";
import { dropWork, keepWork, readWork } from "./work.ts";

const PAUSE_MS = 600; // Of typing: then it is kept.
const UNDO_MAX = 100;

export interface Bench {
  readonly items: readonly Item[];
  readonly base: readonly Block[];
  readonly isDirty: boolean;
  readonly canUndo: boolean;
  readonly state: string; // "", "kept", "saved", or why it could not be kept.
  readonly settles: readonly string[];
  readonly change: (items: Setting<readonly Item[]>, isStep: boolean) => void;
  readonly undo: () => void;
  /** Other blocks in place of all; `settles` names wishes that they take up again. */
  readonly replace: (blocks: readonly Block[], settles?: readonly string[]) => void;
  readonly saved: (blocks: readonly Block[]) => Promise<void>;
}

/** Null while this phone looks whether something was half written. */
export function useBench(lessonId: string, text: LessonText): Bench | null {
  const engine = useEngine();
  const { userId } = engine;
  const stored = readBlocks(text.blocks);
  const [items, setItems] = useState<readonly Item[] | null>(null);
  const [state, setState] = useState<Bench["state"]>("");
  const [past, setPast] = useState<readonly (readonly Item[])[]>([]);
  const base = useRef<readonly Block[]>(stored);
  const settles = useRef<readonly string[]>([]);
  const latest = useRef<readonly Item[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const isStepNext = useRef(true);

  /** What others wrote meanwhile is taken in at once where nothing was written here, else when it is saved. */
  useEffect(() => {
    if (items === null || same(base.current, stored) || !same(finished(blocksOf(items)), base.current)) return;
    base.current = stored;
    show(keyed(items, stored));
  }, [text, items === null]);

  useEffect(() => {
    void readWork(userId, lessonId).then((work) => {
      base.current = work?.base ?? stored;
      settles.current = work?.settles ?? [];
      const isBehind = work !== undefined && !same(work.base, stored);
      show(itemsOf(work ? (isBehind ? mergeBlocks(work.base, work.blocks, stored) : work.blocks) : stored));
      if (isBehind) base.current = stored;
    });
    const keepNow = () => void keep();
    document.addEventListener("visibilitychange", keepNow);
    return () => {
      document.removeEventListener("visibilitychange", keepNow);
      void keep();
    };
  }, [userId, lessonId]);

  function show(now: readonly Item[]): void {
    latest.current = now;
    setItems(now);
  }

  async function keep(): Promise<void> {
    if (timer.current === undefined) return;
    clearTimeout(timer.current);
    timer.current = undefined;
    isStepNext.current = true;
    const work = { base: base.current, blocks: blocksOf(latest.current), at: Date.now(), settles: settles.current };
    try {
      await keepWork(userId, lessonId, work);
      setState("kept");
    } catch (error) {
      setState(sayError(error));
    }
  }

  function keepLater(): void {
    setState("");
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void keep(), PAUSE_MS);
  }

  function change(items: Setting<readonly Item[]>, isStep: boolean): void {
    const before = latest.current;
    if (isStep || isStepNext.current) setPast((past) => [...past, before].slice(-UNDO_MAX));
    isStepNext.current = isStep;
    show(settled(items, before));
    keepLater();
  }

  if (items === null) return null;
  return {
    items,
    base: base.current,
    isDirty: !same(finished(blocksOf(items)), base.current),
    canUndo: past.length > 0,
    state,
    settles: settles.current,
    change,
    undo: () => {
      const before = past.at(-1);
      if (!before) return;
      setPast(past.slice(0, -1));
      show(before);
      keepLater();
    },
    replace: (blocks, taken = []) => {
      settles.current = [...new Set([...settles.current, ...taken])];
      change(keyed(latest.current, blocks), true);
    },
    saved: async (blocks) => {
      base.current = blocks;
      const taken = settles.current;
      settles.current = [];
      if (same(finished(blocksOf(latest.current)), blocks)) {
        clearTimeout(timer.current);
        timer.current = undefined;
        show(keyed(latest.current, blocks));
        await dropWork(userId, lessonId);
        setState("saved");
      } else {
        // Somebody went on writing while it was saved.
        show([...latest.current]);
        keepLater();
      }
      for (const identity of taken) await engine.withdraw(identity).catch(() => undefined); // Gone already: nothing to give up.
    },
  };
}
