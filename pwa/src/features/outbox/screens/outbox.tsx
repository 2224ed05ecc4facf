/** Everything this person made that the server has not shown back yet, one by one, with what can be done. */

import { useState } from "preact/hooks";
import type { Engine, OutboxItem } from "#sync";
import { sayCode, sayError } from "../../../app/errors.tsx";
import { useWords } from "../../../app/later.ts";
import { Page } from "../../../app/page.tsx";
import { useEngine } from "../../../app/use.ts";
import { Empty, Icon, Notice } from "../../../ui/parts.tsx";
import { formatAgo, formatBytes, formatNumber } from "../../../words/format.ts";
import { t, type Word, word } from "../../../words/index.ts";
import { OutcomeChip } from "../parts/outcome.tsx";

const NAMES: Readonly<Record<string, Word>> = {
  "identity.me": word("made.profile"),
  "catalog.progress": word("made.progress"),
  "catalog.readiness": word("download.ready"),
  "assessments.attempts": word("made.attempt"),
  "assessments.answers": word("made.answers"),
  "assessments.attempt.submit": word("made.submit"),
  "questions.question.ask": word("made.question"),
  "questions.answer.post": word("made.answer"),
  "questions.answer.accept": word("made.accept"),
  "notifications.notifications": word("made.read"),
  "catalog.course.create": word("authoring.new"),
  "catalog.course.duplicate": word("authoring.copy"),
  "catalog.courses": word("authoring.made_course"),
  "catalog.sections": word("authoring.made_section"),
  "catalog.lesson.add": word("authoring.lesson_new"),
  "catalog.lessons": word("authoring.made_lesson"),
  "catalog.lesson_texts": word("authoring.made_text"),
  "catalog.subject.propose": word("library.subject_name"),
  "library.item.describe": word("library.new"),
  "library.item.submit": word("library.submit"),
  "library.item.review": word("library.review"),
  "library.item.note_download": word("library.download"),
  "library.item.rate": word("library.rate"),
  "sync.op.retry": word("act.retry"),
  "sync.op.withdraw": word("outbox.withdraw"),
};

/** Words of the studio come when there is something of it; until then, and without a network, its own name stands there. */
function nameOf(made: string): string {
  const name = NAMES[made];
  return (name !== undefined && t(name)) || made;
}

const SHOWN_MAX = 100; // Thousands of lines would hold up a small phone with each new wish.

const isWriting = (item: OutboxItem): boolean => item.name.startsWith("catalog.") && item.name !== "catalog.progress";
const isSharing = (item: OutboxItem): boolean => /^library\.|^catalog\.subject/.test(item.name);

export function OutboxScreen() {
  const engine = useEngine();
  const [problem, setProblem] = useState<string>();
  const items = engine.outbox.value;
  useWords(items.some(isWriting) && "authoring");
  useWords(items.some(isSharing) && "library");
  const refused = items.filter((item) => item.state === "not_accepted");
  const others = bundle(items.filter((item) => item.state !== "not_accepted")).reverse();

  async function keepAsFile(): Promise<void> {
    try {
      await save(await engine.exportOutbox());
    } catch (error) {
      setProblem(sayError(error));
    }
  }

  return (
    <Page title={t("outbox.title")} lead={t("outbox.lead")} back="/more">
      {problem && <Notice tone="bad">{problem}</Notice>}
      {refused.length > 0 && (
        <section class="stack tight">
          <h2>{t("outbox.refused")}</h2>
          <ul class="plain stack tight">
            {refused.slice(-SHOWN_MAX).map((item) => (
              <li key={item.identity} class="card">
                <Refused item={item} />
              </li>
            ))}
          </ul>
          <Older count={refused.length - SHOWN_MAX} />
        </section>
      )}
      {others.length > 0 && (
        <ul class="list plain" aria-live="polite">
          {others.slice(0, SHOWN_MAX).map(({ item, count }) => (
            <li key={item.identity}>
              <Item item={item} count={count} />
            </li>
          ))}
        </ul>
      )}
      <Older count={others.length - SHOWN_MAX} />
      {items.length === 0 && (
        <Empty icon="check-check" title={t("outbox.none")}>
          <p>{t("outbox.none_hint")}</p>
        </Empty>
      )}
      {items.length > 0 && (
        <div class="row">
          <button type="button" class="button" onClick={() => engine.sync()}>
            <Icon name="refresh-cw" />
            {t("outbox.send_now")}
          </button>
          <button type="button" class="button quiet" onClick={() => void keepAsFile()}>
            <Icon name="download" />
            {t("outbox.export")}
          </button>
        </div>
      )}
    </Page>
  );
}

function Older({ count }: { count: number }) {
  return count > 0 ? <p class="soft small">{t("report.more", { n: formatNumber(count) })}</p> : null;
}

interface Bundle {
  readonly item: OutboxItem; // The newest of its like.
  readonly count: number;
}

/** Fifty answers of one test, or ten steps of one lesson, that stand at the same place are one line. */
export function bundle(items: readonly OutboxItem[]): Bundle[] {
  const bundles = new Map<string, Bundle>();
  for (const item of items) {
    const isAlone = item.kind === "command";
    const key = isAlone ? item.identity : [item.name, item.state, item.title].join("|");
    const count = (bundles.get(key)?.count ?? 0) + sizeOf(item);
    bundles.delete(key); // So that it takes the place of its newest.
    bundles.set(key, { item, count });
  }
  return [...bundles.values()];
}

/** A batch op carries many rows. */
function sizeOf(item: OutboxItem): number {
  const rows = item.args.rows;
  return item.kind === "batch" && Array.isArray(rows) ? rows.length : 1;
}

function Item({ item, count }: Bundle) {
  const name = nameOf(item.name);
  return (
    <div class="line wraps">
      <span class="grow">
        <span class="strong">
          {name}
          {count > 1 && ` × ${formatNumber(count)}`}
        </span>
        <br />
        <span class="soft small">{[item.title, formatAgo(item.at)].filter(Boolean).join(" · ")}</span>
      </span>
      <OutcomeChip state={item.state} />
    </div>
  );
}

function Refused({ item }: { item: OutboxItem }) {
  const engine = useEngine();
  const [opened, setOpened] = useState<OutboxItem>();
  const whole = item.isShort ? opened : item;
  const [isCopied, setCopied] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const name = nameOf(item.name);
  const text = textOf(whole ?? item);

  /** It may wait some seconds for the server's word on what was refused; that word may not come. */
  async function move(done: Promise<void>): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      await done;
    } catch (error) {
      setProblem(isTooEarly(error) ? t(isOffline(engine) ? "error.offline" : "error.busy") : sayError(error));
    }
    setBusy(false);
  }

  return (
    <div class="stack tight" aria-busy={isBusy}>
      <p class="row apart">
        <span class="strong">{name}</span>
        <OutcomeChip state={item.state} />
      </p>
      <p class="soft small">{[item.title, formatAgo(item.at)].filter(Boolean).join(" · ")}</p>
      <Notice tone="bad">
        {t("outcome.because")} {sayCode(item.code ?? "", item.message)}
      </Notice>
      {text && <p class="prompt small">{text}</p>}
      {problem && <Notice tone="warn">{problem}</Notice>}
      <div class="row">
        <button type="button" class="button" disabled={isBusy} onClick={() => void move(engine.retry(item.identity))}>
          <Icon name="refresh-cw" />
          {t("act.retry")}
        </button>
        {!whole && (
          <button
            type="button"
            class="button"
            disabled={isBusy}
            onClick={() => void move(engine.whole(item).then(setOpened))}
          >
            {t("outbox.whole", { size: formatBytes(item.bytes) })}
          </button>
        )}
        {whole && text && (
          <button
            type="button"
            class="button quiet"
            onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
          >
            {isCopied ? t("outbox.copied") : t("outbox.copy")}
          </button>
        )}
        <button
          type="button"
          class="button quiet danger"
          disabled={isBusy}
          onClick={() => void move(engine.withdraw(item.identity))}
        >
          {t("outbox.withdraw")}
        </button>
      </div>
    </div>
  );
}

/** The engine's own codes for "not now": the answer to this wish is still to come. */
const isTooEarly = (error: unknown): boolean =>
  ["wish.not_held", "wish.under_way", "wish.not_here"].includes(String((error as { readonly code?: unknown }).code));

const isOffline = (engine: Engine): boolean => engine.status.peek().link === "offline";

const SAID = new Set(["title", "body", "full_name", "display_name", "reason", "prompt", "text", "html", "now"]);

/** The words a person wrote, of whatever kind; of what they changed, how it is now. */
const textOf = (item: OutboxItem): string => wordsIn("", item.args).join("\n\n");

function wordsIn(name: string, value: unknown): string[] {
  if (name === "was" || !value) return [];
  if (typeof value === "string") return SAID.has(name) ? [name === "html" ? value.replace(/<[^>]*>/g, "") : value] : [];
  if (Array.isArray(value)) return value.flatMap((one) => wordsIn("", one));
  return typeof value === "object" ? Object.entries(value).flatMap(([part, one]) => wordsIn(part, one)) : [];
}

/** Through the phone's own sharing where there is one, else as a download. */
async function save(blob: Blob): Promise<void> {
  const file = new File([blob], "spark-outbox.json", { type: "application/json" });
  if (navigator.canShare?.({ files: [file] })) {
    await navigator.share({ files: [file] }).catch(() => undefined); // The person closed the sheet: nothing is wrong.
    return;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
