/** A question in a list. */

import type { Question } from "../../../app/rows.ts";
import { Chip, Icon } from "../../../ui/parts.tsx";
import { formatAgo, instant } from "../../../words/format.ts";
import { t, tn } from "../../../words/index.ts";

export function QuestionLine({ question, note }: { question: Question; note?: string | undefined }) {
  const at = instant(question.asked_at);
  return (
    <a class="line" href={`/questions/${question.id}`}>
      <span class="grow">
        <span class="strong">{question.title}</span>
        <br />
        <span class="soft small">{[note, at === null ? "" : formatAgo(at)].filter(Boolean).join(" · ")}</span>
      </span>
      <StateChip question={question} />
      <Icon name="chevron-right" />
    </a>
  );
}

export function StateChip({ question }: { question: Question }) {
  if (question.state === "closed") return <Chip icon="check">{t("question.closed")}</Chip>;
  if (question.answers_count > 0) return <Chip tone="good">{tn("question.answers", question.answers_count)}</Chip>;
  return <Chip icon="clock">{t("question.open")}</Chip>;
}

export function newestFirst(a: Question, b: Question): number {
  return (instant(b.asked_at) ?? 0) - (instant(a.asked_at) ?? 0);
}
