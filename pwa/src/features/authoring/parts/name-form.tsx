/** One line to be named: a new lesson, a new section, or another name for one. */

import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../../../words/index.ts";

const TITLE_LENGTH_MAX = 255;

interface NameFormProps {
  readonly label: string;
  readonly value?: string;
  readonly act: string;
  readonly isKept?: boolean; // Stays for the next one: a course is planned line by line.
  readonly onName: (title: string) => void;
  readonly onClose: () => void;
}

export function NameForm({ label, value = "", act, isKept = false, onName, onClose }: NameFormProps) {
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    const title = field.current?.value.trim() ?? "";
    if (title === "" || !field.current) return;
    if (isKept) field.current.value = "";
    onName(title);
  }

  return (
    <form class="stack tight name-form" onSubmit={submit} onKeyDown={(event) => event.key === "Escape" && onClose()}>
      <input
        ref={field}
        aria-label={label}
        placeholder={label}
        required
        maxLength={TITLE_LENGTH_MAX}
        defaultValue={value}
      />
      <div class="row">
        <button type="submit" class="button main">
          {act}
        </button>
        <button type="button" class="button quiet" onClick={onClose}>
          {t("act.cancel")}
        </button>
      </div>
    </form>
  );
}
