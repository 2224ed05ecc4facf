/** A course's questions and the tests made of them. */

import "../parts/bank.css";
import { useState } from "preact/hooks";
import { newId } from "#sync";
import { sayError } from "../../../app/errors.tsx";
import { Page } from "../../../app/page.tsx";
import { go } from "../../../app/router.ts";
import type { Assessment } from "../../../app/rows.ts";
import { useEngine, useRows } from "../../../app/use.ts";
import { Chip, Empty, Field, Icon, Notice } from "../../../ui/parts.tsx";
import { t, tn } from "../../../words/index.ts";
import { Words } from "../../assessments/parts/words.tsx";
import { type DraftRow, kindOf, lackOf, nameOf, type TestRow } from "../question.ts";
import { makeTest, sayKind, sayWhy, staffBucket, useDrafts, useTests } from "../staff.ts";

const SHOWN_AT_FIRST = 50;

export function BankScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const { courseId = "" } = params;
  const { rows: drafts, isLoading } = useDrafts(courseId);
  const tests = useTests(courseId).rows;
  return (
    <Page title={t("bank.title")} back={`/teach/${courseId}/edit`}>
      <Tests courseId={courseId} tests={tests} />
      <FromFiles courseId={courseId} tests={tests} />
      <section class="stack tight">
        <div class="row apart">
          <h2>{t("bank.questions")}</h2>
          <a class="button" href={`/teach/${courseId}/bank/${newId()}`}>
            <Icon name="plus" />
            {t("bank.question_new")}
          </a>
        </div>
        {drafts.length === 0 ? (
          !isLoading && (
            <Empty icon="list" title={t("bank.empty")}>
              <p>{t("bank.empty_hint")}</p>
            </Empty>
          )
        ) : (
          <Questions drafts={drafts} />
        )}
      </section>
    </Page>
  );
}

function Tests({ courseId, tests }: { courseId: string; tests: readonly TestRow[] }) {
  const engine = useEngine();
  const [problem, setProblem] = useState<string>();

  async function add(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement); // The form that has this listener.
    const title = String(data.get("title") ?? "").trim();
    if (title === "") return;
    try {
      const id = await makeTest(engine, courseId, title);
      engine.sync();
      go(`/teach/${courseId}/tests/${id}`);
    } catch (error) {
      setProblem(sayError(error));
    }
  }

  return (
    <section class="stack tight">
      <h2>{t("bank.tests")}</h2>
      {tests.length > 0 && (
        <ul class="list plain">
          {tests.map((test) => (
            <li key={test.id}>
              <a class="line" href={`/teach/${courseId}/tests/${test.id}`}>
                <span class="grow">
                  {test.title}
                  <br />
                  <span class="soft small">{tn("bank.n_questions", test.draft_ids?.length ?? 0)}</span>
                </span>
                {test.assessment_id ? (
                  <Chip tone="good">{t("bank.is_published")}</Chip>
                ) : (
                  <Chip>{t("bank.is_draft")}</Chip>
                )}
                <Icon name="chevron-right" />
              </a>
            </li>
          ))}
        </ul>
      )}
      {problem && <Notice tone="bad">{problem}</Notice>}
      <form class="stack tight" onSubmit={add}>
        <Field label={t("bank.test_new")}>
          {(props) => <input {...props} name="title" required maxLength={255} placeholder={t("bank.test_name")} />}
        </Field>
        <div>
          <button type="submit" class="button">
            <Icon name="plus" />
            {t("bank.test_add")}
          </button>
        </div>
      </form>
    </section>
  );
}

const OPEN = "assessments.test.open";

/** Published from a file, or by somebody who wrote elsewhere: its questions come as drafts when they are asked for. */
function FromFiles({ courseId, tests }: { courseId: string; tests: readonly TestRow[] }) {
  const engine = useEngine();
  const known = new Set(tests.map(({ id }) => id));
  const others = useRows<Assessment>("assessments.assessments", staffBucket(courseId)).rows.filter(
    ({ id }) => !known.has(id),
  );
  const asked = engine.outbox.value.filter((item) => item.name === OPEN);
  if (others.length === 0) return null;

  async function open(test: Assessment): Promise<void> {
    await engine.command(OPEN, { assessment_id: test.id }, { title: test.title });
    engine.sync();
  }

  return (
    <section class="stack tight">
      <h2>{t("bank.from_files")}</h2>
      <ul class="list plain">
        {others.map((test) => {
          const wish = asked.find((item) => item.args.assessment_id === test.id);
          return (
            <li key={test.id} class="line wraps">
              <span class="grow">
                {test.title}
                <br />
                <span class="soft small">{tn("bank.n_questions", test.items_count)}</span>
                {wish?.state === "not_accepted" && <span class="wrong"> {sayWhy(wish)}</span>}
              </span>
              {wish && wish.state !== "not_accepted" ? (
                <Chip icon="clock">{t("bank.opening")}</Chip>
              ) : (
                <button
                  type="button"
                  class="button"
                  aria-label={t("bank.open_name", { name: test.title })}
                  onClick={() => void open(test)}
                >
                  {t("bank.open")}
                </button>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Questions({ drafts }: { drafts: readonly DraftRow[] }) {
  const [words, setWords] = useState("");
  const [isWhole, setWhole] = useState(false);
  const wanted = words.trim().toLowerCase();
  const found = drafts.filter(
    (draft) =>
      wanted === "" ||
      [draft.title, draft.question.prompt, ...(draft.topic_tags ?? [])].some((text) =>
        text.toLowerCase().includes(wanted),
      ),
  );
  const shown = isWhole ? found : found.slice(0, SHOWN_AT_FIRST);
  return (
    <>
      {drafts.length > 5 && (
        <input
          type="search"
          aria-label={t("bank.find")}
          placeholder={t("bank.find")}
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
      )}
      <ul class="list plain">
        {shown.map((draft) => (
          <li key={draft.id}>
            <a class="line" href={`/teach/${draft.course_id}/bank/${draft.id}`}>
              <span class="grow">
                <Words
                  text={nameOf(draft.title, draft.question) || t("bank.no_name")}
                  courseId={draft.course_id}
                  formulas={draft.formulas}
                />
                <br />
                <span class="soft small">{sayKind(kindOf(draft.question.body))}</span>
              </span>
              {lackOf(draft.question) !== null && <Chip tone="warn">{t("bank.unfinished_chip")}</Chip>}
              <Icon name="chevron-right" />
            </a>
          </li>
        ))}
      </ul>
      {found.length > shown.length && (
        <button type="button" class="button wide" onClick={() => setWhole(true)}>
          {t("bank.all", { n: found.length })}
        </button>
      )}
    </>
  );
}
