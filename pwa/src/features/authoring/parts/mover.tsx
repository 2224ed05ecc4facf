/** The handle that moves a row of a list: with the arrow keys, or by dragging it. */

import { useRef, useState } from "preact/hooks";
import { Icon } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";

interface MoverProps {
  readonly id: string; // Of the handle in the page: it keeps the focus when its row moves.
  readonly title: string;
  readonly onStep: (step: 1 | -1) => void;
  readonly onDrop: (at: string) => void; // The `data-at` of the row that it was let go on.
}

const DRAG_PX = 8; // Less is a tap with a trembling thumb.

export function Mover({ id, title, onStep, onDrop }: MoverProps) {
  const from = useRef<number | null>(null);
  const over = useRef<Element | null>(null);
  const [isDragged, setDragged] = useState(false);

  function mark(row: Element | null): void {
    if (over.current !== row) over.current?.classList.remove("drop-here");
    over.current = row;
    row?.classList.add("drop-here");
  }

  function follow(event: PointerEvent): void {
    if (from.current === null) return;
    if (Math.abs(event.clientY - from.current) > DRAG_PX) setDragged(true);
    const below = document.elementFromPoint(event.clientX, event.clientY);
    mark(below?.closest("[data-at]") ?? null);
  }

  function end(isDropped: boolean): void {
    const at = over.current?.getAttribute("data-at");
    mark(null);
    if (isDropped && isDragged && at) onDrop(at);
    from.current = null;
    setDragged(false);
  }

  return (
    <button
      type="button"
      id={id}
      class={isDragged ? "button quiet round mover dragged" : "button quiet round mover"}
      aria-label={t("authoring.move", { title })}
      onKeyDown={(event) => {
        if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
        event.preventDefault();
        onStep(event.key === "ArrowUp" ? -1 : 1);
      }}
      onPointerDown={(event) => {
        from.current = event.clientY;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={follow}
      onPointerUp={() => end(true)}
      onPointerCancel={() => end(false)}
    >
      <Icon name="grip-vertical" />
    </button>
  );
}
