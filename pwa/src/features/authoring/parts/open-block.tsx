/** A block that is open: its fields, and what can be done with it among the others. */

import { useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import type { Block } from "../../catalog/blocks.ts";
import { type Item, KIND_NAMES, replaced, type Setting, settled } from "../editing.ts";
import { BlockEditor } from "./block-editor.tsx";
import type { DeskProps } from "./desk.tsx";
import { Mover } from "./mover.tsx";
import { refocus } from "./refocus.ts";

export interface OpenProps extends Omit<DeskProps, "kinds"> {
  readonly item: Item;
  readonly onBusy: (isBusy: boolean) => void;
  readonly index: number;
  readonly onMove: (to: number) => void;
  readonly onClose: () => void;
  readonly onAdd: () => void;
  readonly onNext: (...blocks: readonly Block[]) => readonly Item[];
  readonly onBack: () => void;
}

export function Open(props: OpenProps) {
  const { item, index, items, courseId, depth, onChange, say } = props;
  const handle = `move-block-${item.key}`;
  const kind = t(KIND_NAMES[item.block.type]);
  const whole = useRef<HTMLDivElement>(null);

  /** Where no field of it has the focus, a picture or a table, the next Tab leads into it all the same. */
  useLayoutEffect(() => {
    if (!whole.current?.contains(document.activeElement)) whole.current?.focus();
  }, []);

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
    <div class="stack tight" ref={whole} tabIndex={-1} onKeyDown={press}>
      <p class="block-name" id={`name-${item.key}`}>
        {t("authoring.block_of", { kind, place: index + 1, n: items.length })}
      </p>
      <BlockEditor
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
