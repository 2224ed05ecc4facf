/** Fields of blocks. */

import { useLayoutEffect, useRef } from "preact/hooks";
import { Field } from "../../../ui/parts.tsx";
import type { Block } from "../../catalog/blocks.ts";
import type { Setting } from "../editing.ts";

const LINE_LENGTH_MAX = 500;

export interface EditorProps<B extends Block = Block> {
  readonly block: B;
  readonly courseId: string;
  readonly depth: number;
  readonly onChange: (block: Setting<Block>, isStep?: boolean) => void;
  readonly onBusy: (isBusy: boolean) => void; // Something is on its way into the block: it is not empty, if it is closed.
  readonly onNext: (block: Block, ...next: readonly Block[]) => void; // Others follow it.
  readonly onBack: () => void; // It was empty, and is not wanted.
  readonly say: (what: string) => void;
}

interface LineProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly onEnter?: () => void;
}

/** One line; the one that a block begins with has the focus when the block opens. */
export function First({ label, value, onInput, onEnter }: LineProps) {
  const field = useRef<HTMLInputElement>(null);
  const isHead = onEnter !== undefined;
  useLayoutEffect(() => {
    if (isHead) field.current?.focus();
  }, [isHead]);
  return (
    <Field label={label}>
      {(props) => (
        <input
          {...props}
          ref={field}
          value={value}
          maxLength={LINE_LENGTH_MAX}
          onInput={(event) => onInput(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || !onEnter) return;
            event.preventDefault();
            onEnter();
          }}
        />
      )}
    </Field>
  );
}

interface LongProps extends Omit<LineProps, "onEnter"> {
  readonly hint?: string;
  readonly max: number;
}

export function Long({ label, hint, value, max, onInput }: LongProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })}>
      {(props) => (
        <textarea
          {...props}
          ref={field}
          value={value}
          maxLength={max}
          spellcheck={false}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
