/** What I asked, and what others asked in public. */

import { Page } from "../../../app/page.tsx";
import type { Question, Subject } from "../../../app/rows.ts";
import { useEngine, useRows } from "../../../app/use.ts";
import { Empty, Icon } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import { newestFirst, QuestionLine } from "../parts/question-line.tsx";

export function MineScreen() {
  const me = useEngine().userId;
  const { rows, isLoading } = useRows<Question>("questions.questions");
  const subjects = new Map(useRows<Subject>("catalog.subjects").rows.map((subject) => [subject.id, subject.name]));
  const mine = rows.filter((question) => question.author_id === me).sort(newestFirst);
  return (
    <Page title={t("questions.title")} lead={t("questions.lead")}>
      {mine.length > 0 ? (
        <ul class="list plain">
          {mine.map((question) => (
            <li key={question.id}>
              <QuestionLine question={question} note={subjects.get(question.subject_id)} />
            </li>
          ))}
        </ul>
      ) : (
        !isLoading && (
          <Empty icon="message-circle-question" title={t("questions.none")}>
            <p>{t("questions.none_hint")}</p>
          </Empty>
        )
      )}
      <div class="action">
        <a class="button main" href="/questions/ask">
          <Icon name="message-circle-question" />
          {t("questions.ask")}
        </a>
      </div>
    </Page>
  );
}
