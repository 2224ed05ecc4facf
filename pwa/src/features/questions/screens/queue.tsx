/** A mentor's queue: questions of their subjects, the longest waiting first. */

import { Page } from "../../../app/page.tsx";
import type { Question, Subject } from "../../../app/rows.ts";
import { useEngine, useRows } from "../../../app/use.ts";
import { Empty } from "../../../ui/parts.tsx";
import { instant } from "../../../words/format.ts";
import { t, tn } from "../../../words/index.ts";
import { newestFirst, QuestionLine } from "../parts/question-line.tsx";

export function QueueScreen() {
  const me = useEngine().userId;
  const { rows, isLoading } = useRows<Question>("questions.questions");
  const subjects = useRows<Subject>("catalog.subjects").rows;
  const others = rows.filter((question) => question.author_id !== me && question.state !== "closed");
  const open = others.filter((question) => question.answers_count === 0);
  const answered = others.filter((question) => question.answers_count > 0).sort(newestFirst);
  const longestFirst = (a: Question, b: Question) => (instant(a.asked_at) ?? 0) - (instant(b.asked_at) ?? 0);
  return (
    <Page title={t("queue.title")} lead={open.length > 0 ? tn("queue.open", open.length) : t("queue.lead")}>
      {subjects
        .map((subject) => ({ subject, waiting: open.filter((question) => question.subject_id === subject.id) }))
        .filter(({ waiting }) => waiting.length > 0)
        .map(({ subject, waiting }) => (
          <section key={subject.id} class="stack tight">
            <h2>{subject.name}</h2>
            <ul class="list plain">
              {waiting.sort(longestFirst).map((question) => (
                <li key={question.id}>
                  <QuestionLine question={question} note={question.author_name} />
                </li>
              ))}
            </ul>
          </section>
        ))}
      {open.length === 0 && !isLoading && (
        <Empty icon="inbox" title={t("queue.none")}>
          <p>{t("queue.none_hint")}</p>
        </Empty>
      )}
      {answered.length > 0 && (
        <section class="stack tight">
          <h2>{t("queue.answered")}</h2>
          <ul class="list plain">
            {answered.map((question) => (
              <li key={question.id}>
                <QuestionLine question={question} note={question.author_name} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </Page>
  );
}
