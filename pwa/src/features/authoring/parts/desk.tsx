/** Blocks in their order: each as a reader sees it, and one of them open to be written in. */

import { Fragment } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { NotHere } from "../../../app/errors.tsx";
import { useLater } from "../../../app/later.ts";
import { Icon } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import { BlockView } from "../../catalog/parts/blocks.tsx";
import { conflictsIn } from "../conflicts.ts";
import {
  excerptOf,
  finished,
  type Item,
  inserted,
  isEmpty,
  itemOf,
  KIND_NAMES,
  type Kind,
  moved,
  newBlock,
  type Setting,
} from "../editing.ts";
import type { ConflictingProps } from "./conflicting.tsx";
import { refocus } from "./refocus.ts";

const OPEN = () => import("./open-block.tsx").then((file) => file.Open);
const CONFLICTING = () => import("./conflicting.tsx").then((file) => file.Conflicting);

export interface DeskProps {
  readonly items: readonly Item[];
  readonly kinds: readonly Kind[];
  readonly courseId: string;
  readonly depth: number; // 0: the lesson itself.
  /** `isStep`: something that can be undone by itself, not one more letter. */
  readonly onChange: (items: Setting<readonly Item[]>, isStep: boolean) => void;
  readonly onBusy?: (isBusy: boolean) => void;
  readonly say: (what: string) => void;
}

export function Desk({ items, kinds, courseId, depth, onChange, onBusy, say }: DeskProps) {
  const [open, setOpen] = useState<number | null>(null);
  const [adding, setAdding] = useState<number | null>(null); // Behind the block with this key; 0: at the beginning.
  const busy = useRef(new Set<number>()); // Blocks that wait for something.
  const { Part: Open, problem } = useLater(OPEN); // Comes while the lesson is read: the first block opens at once.
  const conflicts = depth === 0 ? conflictsIn(items.map(({ block }) => block)) : [];

  function close(key: number): void {
    setOpen(null);
    const left = items.find((item) => item.key === key);
    if (left && isEmpty(left.block) && !busy.current.has(key))
      onChange(
        items.filter((item) => item.key !== key),
        true,
      );
    else refocus(`block-${key}`);
  }

  function add(kind: Kind): void {
    const made = itemOf(newBlock(kind));
    const index = items.findIndex((item) => item.key === adding) + 1;
    setAdding(null);
    setOpen(made.key);
    onChange(inserted(items, index, made), true);
  }

  function move(index: number, to: number): void {
    const item = items[index];
    if (!item || to < 0 || to >= items.length) return;
    onChange(moved(items, index, to), true);
    say(t("authoring.moved", { title: t(KIND_NAMES[item.block.type]), place: to + 1, n: items.length }));
  }

  return (
    <div class="desk">
      {items.map((item, index) => {
        const conflict = conflicts.find(({ from, to }) => index >= from && index < to);
        if (conflict) {
          const isFirst = conflict.from === index;
          return isFirst ? <Both key={item.key} {...{ items, conflict, courseId, onChange }} /> : null;
        }
        return (
          <Fragment key={item.key}>
            <div class={item.key === open && Open ? "block open" : "block shown"} data-at={item.key}>
              {item.key === open && problem !== undefined && <NotHere why={problem} />}
              {item.key === open && Open ? (
                <Open
                  {...{ item, index, items, courseId, depth, onChange, say }}
                  onBusy={(isBusy) => {
                    if (isBusy) busy.current.add(item.key);
                    else busy.current.delete(item.key);
                    onBusy?.(isBusy);
                  }}
                  onMove={(to) => move(index, to)}
                  onClose={() => close(item.key)}
                  onAdd={() => {
                    setOpen(null);
                    setAdding(item.key);
                  }}
                  onNext={(...blocks) => {
                    const made = blocks.map(itemOf);
                    setOpen(made[0]?.key ?? null);
                    return made;
                  }}
                  onBack={() => {
                    const before = items[index - 1];
                    setOpen(before?.block.type === item.block.type ? before.key : null);
                    onChange(
                      items.filter((other) => other.key !== item.key),
                      true,
                    );
                  }}
                />
              ) : (
                <Shown item={item} courseId={courseId} onOpen={() => setOpen(item.key)} />
              )}
            </div>
            {adding === item.key && <Kinds kinds={kinds} onKind={add} onClose={() => setAdding(null)} />}
          </Fragment>
        );
      })}
      {adding === 0 ? (
        <Kinds kinds={kinds} onKind={add} onClose={() => setAdding(null)} />
      ) : (
        <button
          type="button"
          class="button wide"
          onClick={() => {
            const last = items.at(-1)?.key ?? 0;
            setOpen(null);
            setAdding(last);
          }}
        >
          <Icon name="plus" />
          {t("authoring.add")}
        </button>
      )}
    </div>
  );
}

function Shown({ item: { key, block }, courseId, onOpen }: { item: Item; courseId: string; onOpen: () => void }) {
  const view = useRef<HTMLDivElement>(null);
  // What is drawn here is not for keys and fingers: the door over it is. The name of the door says what it shows.
  useEffect(() => view.current?.setAttribute("inert", ""), []);
  const kind = t(KIND_NAMES[block.type]);
  const name = block.type === "package" ? kind : t("authoring.edit_block", { kind, words: excerptOf(block) });
  return (
    <>
      <div class="lesson" ref={view}>
        {isEmpty(block) ? (
          <p class="soft">{kind}</p>
        ) : (
          <BlockView block={finished([block])[0] ?? block} place={{ courseId, isTeacher: true }} />
        )}
      </div>
      <button type="button" class="block-door" id={`block-${key}`} aria-label={name} onClick={onOpen} />
    </>
  );
}

/** What two people changed: drawn by a script that few lessons need. */
function Both(props: ConflictingProps) {
  const { Part, problem } = useLater(CONFLICTING);
  return problem === undefined ? Part && <Part {...props} /> : <NotHere why={problem} />;
}

interface KindsProps {
  readonly kinds: readonly Kind[];
  readonly onKind: (kind: Kind) => void;
  readonly onClose: () => void;
}

function Kinds({ kinds, onKind, onClose }: KindsProps) {
  const first = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => first.current?.focus(), []);
  return (
    <fieldset
      class="stack tight"
      aria-label={t("authoring.what")}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <p class="block-name">{t("authoring.what")}</p>
      <div class="kinds">
        {kinds.map((kind, index) => (
          <button key={kind} ref={index === 0 ? first : null} type="button" class="button" onClick={() => onKind(kind)}>
            {t(KIND_NAMES[kind])}
          </button>
        ))}
      </div>
      <div class="row">
        <button type="button" class="button quiet" onClick={onClose}>
          {t("act.cancel")}
        </button>
      </div>
    </fieldset>
  );
}
