/** A test while it is put together: its questions in their order, what passes it, and opening it to learners. */

import "../parts/bank.css";
import { useState } from "preact/hooks";
import { newId } from "#sync";
import { sayError } from "../../../app/errors.tsx";
import { Page } from "../../../app/page.tsx";
import { go } from "../../../app/router.ts";
import { useEngine } from "../../../app/use.ts";
import { Ask, Chip, Empty, Field, Icon, Notice } from "../../../ui/parts.tsx";
import { t, tn } from "../../../words/index.ts";
import { Words } from "../../assessments/parts/words.tsx";
import { type DraftRow, kindOf, lackOf, nameOf, type TestRow } from "../question.ts";
import { sayKind, sayLack, sayWhy, setQuestions, TESTS, useDrafts, useTest, useWishes } from "../staff.ts";

const PUBLISH = "assessments.test.publish";

export function TestDraftScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const { courseId = "", testId = "" } = params;
  const { row: test, isLoading } = useTest(courseId, testId);
  const drafts = useDrafts(courseId).rows;
  if (!test) {
    return (
      <Page title={t("bank.test")} back={`/teach/${courseId}/bank`}>
        {!isLoading && (
          <Empty icon="cloud-off" title={t("bank.test_gone")}>
            <p>{t("bank.test_gone_hint")}</p>
          </Empty>
        )}
      </Page>
    );
  }
  const byId = new Map(drafts.map((draft) => [draft.id, draft]));
  return (
    <Page title={test.title || t("bank.test")} back={`/teach/${courseId}/bank`}>
      <Questions courseId={courseId} test={test} byId={byId} />
      <FromBank test={test} drafts={drafts} />
      <Settings key={test.id} test={test} />
      <Publishing test={test} byId={byId} />
      <Removing courseId={courseId} test={test} />
    </Page>
  );
}

type ById = ReadonlyMap<string, DraftRow>;

function Questions({ courseId, test, byId }: { courseId: string; test: TestRow; byId: ById }) {
  const engine = useEngine();
  const [said, say] = useState("");
  const ids = test.draft_ids ?? [];

  async function set(now: readonly string[]): Promise<void> {
    await setQuestions(engine, test, now);
    engine.sync();
  }

  async function step(index: number, by: 1 | -1, name: string): Promise<void> {
    const now = [...ids];
    now.splice(index + by, 0, ...now.splice(index, 1));
    await set(now);
    say(t("bank.moved", { name, place: index + by + 1, n: ids.length }));
  }

  return (
    <section class="stack tight">
      <h2>{tn("bank.n_questions", ids.length)}</h2>
      {ids.length > 0 && (
        <ol class="list plain">
          {ids.map((id, index) => {
            const draft = byId.get(id);
            const name = draft ? nameOf(draft.title, draft.question) : t("bank.question_gone");
            const words = <Words text={name} courseId={courseId} formulas={draft?.formulas} />;
            const lack = draft && lackOf(draft.question);
            const [unread] = Object.entries(draft?.formulas ?? {}).find(([, mathml]) => mathml === "") ?? [];
            return (
              <li key={id} class="test-line">
                <span class="soft number">{index + 1}.</span>
                <span>
                  {draft ? <a href={`/teach/${courseId}/bank/${id}?test=${test.id}`}>{words}</a> : words}
                  <br />
                  {draft && <span class="soft small">{sayKind(kindOf(draft.question.body))}</span>}
                  {lack && <span class="small"> · {sayLack(lack)}</span>}
                  {unread && <span class="small"> · {t("bank.unread", { typed: unread })}</span>}
                </span>
                <span class="steps">
                  <button
                    type="button"
                    class="button quiet round"
                    aria-label={t("bank.up", { name })}
                    disabled={index === 0}
                    onClick={() => void step(index, -1, name)}
                  >
                    <Icon name="arrow-up" />
                  </button>
                  <button
                    type="button"
                    class="button quiet round"
                    aria-label={t("bank.down", { name })}
                    disabled={index === ids.length - 1}
                    onClick={() => void step(index, 1, name)}
                  >
                    <Icon name="arrow-down" />
                  </button>
                  <button
                    type="button"
                    class="button quiet round"
                    aria-label={t("bank.take_out", { name })}
                    onClick={() => void set(ids.filter((one) => one !== id))}
                  >
                    <Icon name="trash-2" />
                  </button>
                </span>
              </li>
            );
          })}
        </ol>
      )}
      <a class="button wide" href={`/teach/${courseId}/bank/${newId()}?test=${test.id}`}>
        <Icon name="plus" />
        {t("bank.question_new")}
      </a>
      <p class="hidden" role="status">
        {said}
      </p>
    </section>
  );
}

function FromBank({ test, drafts }: { test: TestRow; drafts: readonly DraftRow[] }) {
  const engine = useEngine();
  const ids = test.draft_ids ?? [];
  const others = drafts.filter((draft) => !ids.includes(draft.id));
  if (others.length === 0) return null;

  async function add(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement; // The form that has this listener.
    const chosen = new FormData(form).getAll("draft").map(String);
    await setQuestions(engine, test, [...ids, ...chosen]);
    form.reset();
    engine.sync();
  }

  return (
    <details>
      <summary class="strong">{t("bank.from_bank", { n: others.length })}</summary>
      <form class="stack tight" onSubmit={add}>
        {others.map((draft) => (
          <label key={draft.id} class="choice">
            <input type="checkbox" name="draft" value={draft.id} />
            <span>
              {nameOf(draft.title, draft.question) || t("bank.no_name")}
              <small>{sayKind(kindOf(draft.question.body))}</small>
            </span>
          </label>
        ))}
        <button type="submit" class="button">
          {t("bank.put_in")}
        </button>
      </form>
    </details>
  );
}

function Settings({ test }: { test: TestRow }) {
  const engine = useEngine();

  async function set(fields: Readonly<Record<string, unknown>>): Promise<void> {
    await engine.patch(TESTS, test.id, fields, { title: test.title });
    engine.sync();
  }

  return (
    <section class="stack">
      <h2>{t("bank.settings")}</h2>
      <Field label={t("bank.test_name")}>
        {(props) => (
          <input
            {...props}
            maxLength={255}
            defaultValue={test.title}
            onChange={(event) => {
              const now = event.currentTarget.value.trim();
              if (now !== "" && now !== test.title) void set({ title: { was: test.title, now } });
            }}
          />
        )}
      </Field>
      <Field label={t("bank.pass")}>
        {(props) => (
          <input
            {...props}
            type="number"
            min={0}
            max={100}
            defaultValue={Math.round((test.pass_ppm ?? 600_000) / 10_000)}
            onChange={(event) => {
              const percent = event.currentTarget.valueAsNumber;
              if (percent >= 0 && percent <= 100) void set({ pass_ppm: Math.round(percent * 10_000) });
            }}
          />
        )}
      </Field>
      <Field label={t("bank.attempts")} hint={t("bank.attempts_hint")}>
        {(props) => (
          <input
            {...props}
            type="number"
            min={1}
            max={1_000}
            defaultValue={test.attempts_max ?? ""}
            onChange={(event) => {
              const most = Math.round(event.currentTarget.valueAsNumber);
              void set({ attempts_max: most >= 1 && most <= 1_000 ? most : null });
            }}
          />
        )}
      </Field>
    </section>
  );
}

function Publishing({ test, byId }: { test: TestRow; byId: ById }) {
  const engine = useEngine();
  const [problem, setProblem] = useState<string>();
  const ids = test.draft_ids ?? [];
  const lacking = ids.filter((id) => {
    const draft = byId.get(id);
    return !draft || lackOf(draft.question) !== null;
  });
  const wishes = useWishes(test.id).filter((item) => item.name === PUBLISH);
  const refused = wishes.filter((item) => item.state === "not_accepted");
  const isOnItsWay = wishes.length > refused.length;

  async function publish(): Promise<void> {
    try {
      for (const item of refused) await engine.withdraw(item.identity);
      await engine.command(PUBLISH, { id: test.id }, { title: test.title });
    } catch (error) {
      setProblem(sayError(error));
    }
    engine.sync();
  }

  return (
    <section class="stack tight">
      <h2>{t("bank.publishing")}</h2>
      {problem && <Notice tone="bad">{problem}</Notice>}
      {refused.map((item) => (
        <Notice key={item.identity} tone="bad">
          {sayWhy(item)}
        </Notice>
      ))}
      {isOnItsWay ? (
        <p role="status">
          <Chip icon="clock">{t("bank.on_its_way")}</Chip>
        </p>
      ) : (
        test.assessment_id &&
        refused.length === 0 && (
          <p role="status">
            <Chip tone="good" icon="circle-check">
              {t("bank.is_published")}
            </Chip>
          </p>
        )
      )}
      {ids.length === 0 && <p class="soft">{t("bank.needs_question")}</p>}
      {lacking.length > 0 && <p class="soft">{tn("bank.n_unfinished", lacking.length)}</p>}
      <p class="soft small">{t("bank.publish_hint")}</p>
      <button
        type="button"
        class="button main wide"
        disabled={ids.length === 0 || lacking.length > 0}
        onClick={() => void publish()}
      >
        <Icon name="send" />
        {test.assessment_id ? t("bank.publish_again") : t("bank.publish")}
      </button>
    </section>
  );
}

/** A test that learners have is not deleted here: what they did in it is theirs. */
function Removing({ courseId, test }: { courseId: string; test: TestRow }) {
  const engine = useEngine();
  const [isAsking, setAsking] = useState(false);
  if (test.assessment_id) return null;

  async function remove(): Promise<void> {
    setAsking(false);
    await engine.remove(TESTS, test.id, { title: test.title });
    engine.sync();
    go(`/teach/${courseId}/bank`, { replace: true });
  }

  return (
    <div>
      <button type="button" class="button quiet danger" onClick={() => setAsking(true)}>
        <Icon name="trash-2" />
        {t("bank.test_delete")}
      </button>
      {isAsking && (
        <Ask
          title={t("bank.test_delete_ask")}
          confirm={t("bank.delete")}
          danger
          onYes={() => void remove()}
          onNo={() => setAsking(false)}
        >
          <p>{t("bank.test_delete_hint")}</p>
        </Ask>
      )}
    </div>
  );
}
