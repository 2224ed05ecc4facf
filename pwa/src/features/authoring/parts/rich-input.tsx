/** One text with strong words, emphasis, small letters and links. What is pasted comes as plain words. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { t, type Word, word } from "../../../words/index.ts";
import { fill, htmlOf, httpsOf, textToHtml } from "../inline.ts";

export interface RichInputProps {
  readonly html: string;
  readonly label: string;
  readonly onInput: (html: string) => void;
  readonly isPlain?: boolean; // Without its own row of buttons: Ctrl+B and Ctrl+I still work.
  readonly isFirst?: boolean; // Gets the focus when it appears.
  readonly onEnter?: (before: string, behind: string) => void; // Without it, Enter begins a line.
  readonly onLines?: (lines: readonly string[]) => void; // Of several pasted ones, those behind the first.
  readonly onBack?: () => void; // Backspace in an empty one.
}

const MARKS: readonly { command: string; sign: string; name: Word }[] = [
  { command: "bold", sign: "B", name: word("authoring.bold") },
  { command: "italic", sign: "I", name: word("authoring.italic") },
  { command: "subscript", sign: "x₂", name: word("authoring.sub") },
  { command: "superscript", sign: "x²", name: word("authoring.sup") },
];

const BY_KEY: Readonly<Record<string, string>> = { b: "bold", i: "italic" };

export function RichInput(props: RichInputProps) {
  const { html, label, isPlain = false } = props;
  const field = useRef<HTMLDivElement>(null);
  const said = useRef<string[]>([]); // What was told and has not come back yet, behind what stands there now.
  const [hasFocus, setFocus] = useState(false);

  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    const own = said.current.indexOf(html);
    if (own < 0) fill(element, html);
    said.current = own < 0 ? [html] : said.current.slice(own); // Our own words come back: the cursor stays where it is.
  }, [html]);

  useLayoutEffect(() => {
    if (props.isFirst) toEnd(field.current);
  }, [props.isFirst]);

  function tell(): void {
    if (!field.current) return;
    const now = htmlOf(field.current);
    if (said.current.at(-1) === now) return;
    said.current.push(now);
    props.onInput(now);
  }

  function press(event: KeyboardEvent): void {
    const command = (event.ctrlKey || event.metaKey) && !event.altKey ? BY_KEY[event.key] : undefined;
    if (command) {
      event.preventDefault(); // Firefox would open its bookmarks.
      document.execCommand(command);
    } else if (event.key === "Enter" && !event.isComposing) enter(event);
    else if (event.key === "Backspace" && props.onBack && field.current && htmlOf(field.current) === "") {
      event.preventDefault();
      props.onBack();
    }
  }

  function enter(event: KeyboardEvent): void {
    event.preventDefault();
    if (!field.current) return;
    if (event.shiftKey || !props.onEnter) {
      document.execCommand("insertLineBreak");
      return;
    }
    const [before, behind] = cut(field.current);
    said.current = []; // What stands in the field is no longer what was told: it is filled again.
    props.onEnter(before, behind);
  }

  function paste(event: ClipboardEvent): void {
    event.preventDefault();
    const lines = (event.clipboardData?.getData("text/plain") ?? "")
      .split(/\r?\n+/)
      .filter((line) => line.trim() !== "");
    const [first = "", ...others] = lines;
    document.execCommand("insertText", false, props.onLines ? first : lines.join(" "));
    if (others.length > 0) props.onLines?.(others.map(textToHtml));
  }

  return (
    <div
      class={isPlain ? "grow" : "stack tight grow"}
      onFocusIn={() => setFocus(true)}
      onFocusOut={(event) => {
        // Another field takes its buttons away. Were it any press elsewhere, what is pressed would move from under it.
        const next = event.relatedTarget;
        if (next instanceof HTMLElement && next.tagName !== "BUTTON" && !event.currentTarget.contains(next))
          setFocus(false);
      }}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: a textarea holds no strong words. */}
      <div
        ref={field}
        class="rich"
        contentEditable
        role="textbox"
        tabIndex={0}
        aria-multiline="true"
        aria-label={label}
        data-placeholder={label}
        onInput={tell}
        onKeyDown={press}
        onPaste={paste}
        onDrop={(event) => event.preventDefault()}
      />
      {!isPlain && hasFocus && <Marks field={field} onDone={tell} />}
    </div>
  );
}

function Marks({ field, onDone }: { field: { readonly current: HTMLElement | null }; onDone: () => void }) {
  const kept = useRef<Range | null>(null);
  const address = useRef<HTMLInputElement>(null);
  const [isLinking, setLinking] = useState(false);
  const [isWrong, setWrong] = useState(false);

  useEffect(() => {
    const keep = () => {
      const chosen = getSelection();
      if (chosen?.rangeCount && field.current?.contains(chosen.anchorNode))
        kept.current = chosen.getRangeAt(0).cloneRange();
    };
    keep();
    document.addEventListener("selectionchange", keep);
    return () => document.removeEventListener("selectionchange", keep);
  }, [field]);

  useEffect(() => {
    if (isLinking) address.current?.focus();
  }, [isLinking]);

  function mark(command: string, value?: string): void {
    field.current?.focus();
    const chosen = getSelection();
    if (kept.current && chosen) {
      chosen.removeAllRanges();
      chosen.addRange(kept.current);
    }
    document.execCommand("styleWithCSS", false, "false");
    document.execCommand(command, false, value);
    onDone();
  }

  function link(): void {
    const full = httpsOf(address.current?.value ?? "");
    setWrong(full === null);
    if (full === null) return;
    setLinking(false);
    if (kept.current?.collapsed) mark("insertText", full);
    else mark("createLink", full);
  }

  return (
    <>
      <fieldset class="tools" aria-label={t("authoring.k_paragraph")}>
        {MARKS.map(({ command, sign, name }) => (
          <button
            key={command}
            type="button"
            class="button"
            aria-label={`${sign}: ${t(name)}`} // What is read on it has to be in its name.
            title={t(name)}
            onMouseDown={leaveFocus}
            onClick={() => mark(command)}
          >
            {command === "bold" ? <strong>{sign}</strong> : command === "italic" ? <em>{sign}</em> : sign}
          </button>
        ))}
        <button
          type="button"
          class="button"
          aria-expanded={isLinking}
          onMouseDown={leaveFocus}
          onClick={() => setLinking(!isLinking)}
        >
          {t("authoring.link")}
        </button>
      </fieldset>
      {isLinking && (
        <div class="row">
          <input
            ref={address}
            class="grow"
            type="url"
            inputMode="url"
            aria-label={t("authoring.link_to")}
            placeholder="https://"
            aria-invalid={isWrong || undefined}
            onKeyDown={(event) => {
              if (event.key !== "Enter") return;
              event.preventDefault();
              link();
            }}
          />
          <button type="button" class="button" onMouseDown={leaveFocus} onClick={link}>
            {t("authoring.add")}
          </button>
          {isWrong && (
            <span class="small" role="alert">
              {t("authoring.link_wrong")}
            </span>
          )}
        </div>
      )}
    </>
  );
}

/** Pressed, a button leaves the cursor in the text: on an iPhone it takes the focus away and gets none itself. */
const leaveFocus = (event: MouseEvent) => event.preventDefault();

/** What stands before the cursor, and what behind it. */
function cut(field: HTMLElement): [string, string] {
  const chosen = getSelection();
  if (!chosen?.rangeCount || !field.contains(chosen.anchorNode)) return [htmlOf(field), ""];
  const at = chosen.getRangeAt(0);
  at.deleteContents();
  const rest = document.createRange();
  rest.selectNodeContents(field);
  rest.setStart(at.endContainer, at.endOffset);
  const behind = htmlOf(rest.extractContents());
  return [htmlOf(field), behind];
}

function toEnd(field: HTMLElement | null): void {
  if (!field) return;
  field.focus();
  const end = document.createRange();
  end.selectNodeContents(field);
  end.collapse(false);
  getSelection()?.removeAllRanges();
  getSelection()?.addRange(end);
}
