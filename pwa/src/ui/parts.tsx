/** Small accessible parts without data. */

import sprite from "virtual:icons";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../words/index.ts";
import type { IconName } from "./icon-names.ts";

const TURNING: ReadonlySet<IconName> = new Set(["arrow-left", "chevron-right", "log-out", "send"]);

/** Decoration only: the words beside it say what it means. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class={TURNING.has(name) ? "icon turns" : "icon"} aria-hidden="true">
      <use href={`${sprite}#${name}`} />
    </svg>
  );
}

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 64 64" aria-hidden="true">
      <rect width="64" height="64" rx="16" fill="var(--brand)" />
      <path d="M32 10c2 12 8 18 20 20v4c-12 2-18 8-20 20-2-12-8-18-20-20v-4c12-2 18-8 20-20z" fill="var(--spark)" />
    </svg>
  );
}

export type Tone = "good" | "warn" | "bad" | "brand" | "plain";

export function Chip({ tone, icon, children }: { tone?: Tone; icon?: IconName; children: ComponentChildren }) {
  return (
    <span class={`chip ${tone ?? ""}`}>
      {icon && <Icon name={icon} />}
      {children}
    </span>
  );
}

export function Notice({
  tone = "plain",
  icon,
  children,
}: {
  tone?: Tone;
  icon?: IconName;
  children: ComponentChildren;
}) {
  return (
    <div class={`notice ${tone}`} role={tone === "bad" ? "alert" : undefined}>
      <Icon name={icon ?? (tone === "good" ? "circle-check" : tone === "plain" ? "info" : "circle-alert")} />
      <div class="grow">{children}</div>
    </div>
  );
}

/** A place where there is nothing yet: says what will be here and how to begin. */
export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

interface FieldProps {
  label: ComponentChildren;
  hint?: string;
  wrong?: string | undefined;
  children: (props: {
    id: string;
    "aria-describedby": string | undefined;
    "aria-invalid": boolean | undefined;
  }) => ComponentChildren;
}

export function Field({ label, hint, wrong, children }: FieldProps) {
  const id = useId();
  const note = wrong ?? hint;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        "aria-describedby": note === undefined ? undefined : `${id}-note`,
        "aria-invalid": wrong === undefined ? undefined : true,
      })}
      {note !== undefined && (
        <span id={`${id}-note`} class={wrong === undefined ? "soft small" : "wrong"}>
          {note}
        </span>
      )}
    </div>
  );
}

export function Meter({ value, max, label }: { value: number; max: number; label: string }) {
  return <progress class="meter" value={Math.min(value, max)} max={Math.max(max, 1)} aria-label={label} />;
}

/** A question that must be answered before going on. The platform's dialog keeps the focus inside and closes on Escape. */
export function Ask(props: {
  title: string;
  children?: ComponentChildren;
  confirm: string;
  danger?: boolean;
  onYes: () => void;
  onNo: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby={titleId} onClose={props.onNo}>
      <div class="stack">
        <h2 id={titleId}>{props.title}</h2>
        {props.children}
        <div class="row">
          <button type="button" class={props.danger ? "button danger" : "button main"} onClick={props.onYes}>
            {props.confirm}
          </button>
          <button type="button" class="button quiet" onClick={() => dialog.current?.close()}>
            {t("act.cancel")}
          </button>
        </div>
      </div>
    </dialog>
  );
}
