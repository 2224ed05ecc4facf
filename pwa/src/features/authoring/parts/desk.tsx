/** Blocks in their order: each as a reader sees it, and one of them open to be written in. */

import { Fragment } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon, Notice } from "../../../ui/parts.tsx";
import { t, type Word, word } from "../../../words/index.ts";
import type { Block } from "../../catalog/blocks.ts";
import { BlockView } from "../../catalog/parts/blocks.tsx";
import { chosenPicture } from "../chosen.ts";
import { conflictsIn } from "../conflicts.ts";
import {
  excerptOf,
  finished,
  type Item,
  inserted,
  isEmpty,
  itemOf,
  type Kind,
  moved,
  newBlock,
  replaced,
  type Setting,
  settled,
} from "../editing.ts";
import { useLater } from "../later.ts";
import type { ConflictingProps } from "./conflicting.tsx";
import { Mover, refocus } from "./mover.tsx";

const EDITOR = () => import("./block-editor.tsx").then((file) => file.BlockEditor);
const CONFLICTING = () => import("./conflicting.tsx").then((file) => file.Conflicting);

const KIND_NAMES: Readonly<Record<Block["type"], Word>> = {
  paragraph: word("authoring.k_paragraph"),
  heading: word("authoring.k_heading"),
  list: word("authoring.k_list"),
  table: word("authoring.k_table"),
  note: word("authoring.k_note"),
  math: word("authoring.k_math"),
  image: word("authoring.k_image"),
  video: word("authoring.k_video"),
  audio: word("authoring.k_audio"),
  document: word("authoring.k_document"),
  package: word("authoring.k_package"),
  exercise: word("authoring.k_exercise"),
  quote: word("authoring.k_quote"),
  definition: word("authoring.k_definition"),
  code: word("authoring.k_code"),
};

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
  useLater(EDITOR); // Comes while the lesson is read: the first block opens at once.
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
            <div class={item.key === open ? "block open" : "block shown"} data-at={item.key}>
              {item.key === open ? (
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
          {t("authoring.add_block")}
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
          <View block={finished([block])[0] ?? block} courseId={courseId} />
        )}
      </div>
      <button type="button" class="block-door" id={`block-${key}`} aria-label={name} onClick={onOpen} />
    </>
  );
}

export function View({ block, courseId }: { block: Block; courseId: string }) {
  const own = block.type === "image" ? chosenPicture(block.file_id) : undefined;
  if (own === undefined || block.type !== "image")
    return <BlockView block={block} place={{ courseId, isTeacher: true }} />;
  return (
    <figure>
      <img src={own} alt={block.alt} width={block.width} height={block.height} />
    </figure>
  );
}

interface OpenProps extends Omit<DeskProps, "kinds"> {
  readonly item: Item;
  readonly onBusy: (isBusy: boolean) => void;
  readonly index: number;
  readonly onMove: (to: number) => void;
  readonly onClose: () => void;
  readonly onAdd: () => void;
  readonly onNext: (...blocks: readonly Block[]) => readonly Item[];
  readonly onBack: () => void;
}

function Open(props: OpenProps) {
  const { item, index, items, courseId, depth, onChange, say } = props;
  const handle = `move-block-${item.key}`;
  const kind = t(KIND_NAMES[item.block.type]);
  const { Part: Editor, problem } = useLater(EDITOR);

  function press(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation(); // A block within a block closes alone.
      props.onClose();
    } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      event.stopPropagation();
      props.onMove(index + (event.key === "ArrowUp" ? -1 : 1));
      refocus(handle);
    }
  }

  function step(by: 1 | -1, focused: string): void {
    props.onMove(index + by);
    refocus(focused);
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys of the fields within, heard where they come up.
    <div class="stack tight" onKeyDown={press}>
      <p class="block-name" id={`name-${item.key}`}>
        {t("authoring.block_of", { kind, place: index + 1, n: items.length })}
      </p>
      {problem !== undefined && <Notice tone="warn">{problem}</Notice>}
      {Editor && (
        <Editor
          block={item.block}
          courseId={courseId}
          depth={depth}
          say={say}
          onBusy={props.onBusy}
          // By its key, in the newest list: the file may be ready when others have been written in.
          onChange={(block, isStep = false) =>
            onChange((now) => now.map((one) => (one.key === item.key ? changed(one, block) : one)), isStep)
          }
          onNext={(block, ...next) =>
            onChange(replaced(items, index, { key: item.key, block }, ...props.onNext(...next)), true)
          }
          onBack={props.onBack}
        />
      )}
      <fieldset class="tools" aria-labelledby={`name-${item.key}`}>
        <Mover
          id={handle}
          title={kind}
          onStep={(by) => step(by, handle)}
          onDrop={(at) => props.onMove(items.findIndex((other) => String(other.key) === at))}
        />
        <button
          type="button"
          class="button"
          id={`up-${item.key}`}
          aria-label={t("authoring.up")}
          onClick={() => step(-1, `up-${item.key}`)}
        >
          <Icon name="arrow-up" />
        </button>
        <button
          type="button"
          class="button"
          id={`down-${item.key}`}
          aria-label={t("authoring.down")}
          onClick={() => step(1, `down-${item.key}`)}
        >
          <Icon name="arrow-down" />
        </button>
        <button
          type="button"
          class="button danger"
          aria-label={t("authoring.remove")}
          onClick={() =>
            onChange(
              items.filter((other) => other.key !== item.key),
              true,
            )
          }
        >
          <Icon name="trash-2" />
        </button>
        <button type="button" class="button" onClick={props.onAdd}>
          <Icon name="plus" />
          {t("authoring.add_here")}
        </button>
        <button type="button" class="button main" onClick={props.onClose}>
          {t("authoring.done")}
        </button>
      </fieldset>
    </div>
  );
}

const changed = ({ key, block: now }: Item, block: Setting<Block>): Item => ({ key, block: settled(block, now) });

/** What two people changed: drawn by a script that few lessons need. */
function Both(props: ConflictingProps) {
  const { Part, problem } = useLater(CONFLICTING);
  return problem === undefined ? Part && <Part {...props} /> : <Notice tone="warn">{problem}</Notice>;
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
