/** The test player: one question a screen, all of them at a glance, handed in with or without a network. */

import { useEffect, useMemo, useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import { Page } from "../../../app/page.tsx";
import { go } from "../../../app/router.ts";
import type { Answer, Assessment, Attempt, Item } from "../../../app/rows.ts";
import { useCourseBucket, useEngine, useRow, useRows } from "../../../app/use.ts";
import { Ask, Empty, Icon, Meter, Notice } from "../../../ui/parts.tsx";
import { t, tn } from "../../../words/index.ts";
import { answerItem, handIn, isOpen, keepFlags, readFlags } from "../attempt.ts";
import { isAnswered, layOutItems, promptOf, type Value } from "../paper.ts";
import { ItemForm } from "../parts/item.tsx";
import { Words } from "../parts/words.tsx";

export function AttemptScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const attemptId = params.attemptId ?? "";
  const { row: attempt, isLoading } = useRow<Attempt>("assessments.attempts", attemptId);
  const test = useRow<Assessment>("assessments.assessments", attempt?.assessment_id ?? "");
  const isOver = attempt !== undefined && !isOpen(attempt);
  useEffect(() => {
    if (isOver) go(`/attempts/${attemptId}/result`, { replace: true });
  }, [isOver, attemptId]);
  if (!attempt || !test.row || isOver) {
    const isGone = !isLoading && !test.isLoading && !isOver;
    return (
      <Page title={isGone ? t("test.not_here") : ""} back="/">
        {isGone && (
          <Empty icon="graduation-cap" title={t("test.not_here")}>
            <p>{t("lesson.not_here_hint")}</p>
          </Empty>
        )}
      </Page>
    );
  }
  return <Player attempt={attempt} test={test.row} />;
}

function Player({ attempt, test }: { attempt: Attempt; test: Assessment }) {
  const engine = useEngine();
  const all = useRows<Item>("assessments.items", useCourseBucket(test.course_id)).rows;
  const items = useMemo(() => layOutItems(all, attempt), [all, attempt.id, attempt.assessment_id, attempt.revision]);
  const rows = useRows<Answer>("assessments.answers").rows;
  const answers = useMemo(
    () => new Map(rows.filter((row) => row.attempt_id === attempt.id).map((row) => [row.item_id, row])),
    [rows, attempt.id],
  );
  const [flags, setFlags] = useState(() => readFlags(attempt.id));
  const [place, setPlace] = useState<number | "list">(0);
  const [problem, setProblem] = useState<string>();
  const answered = items.filter((item) => isAnswered(answers.get(item.id)?.value)).length;
  const item = place === "list" ? undefined : items[place];

  async function answer(to: Item, value: Value): Promise<void> {
    try {
      await answerItem(engine, answers.get(to.id), { attemptId: attempt.id, item: to, value, title: test.title });
      setProblem(undefined);
    } catch (error) {
      setProblem(sayError(error));
    }
  }

  function turnFlag(itemId: string): void {
    const next = new Set(flags);
    if (!next.delete(itemId)) next.add(itemId);
    keepFlags(attempt.id, next);
    setFlags(next);
  }

  return (
    <Page title={test.title} back={`/courses/${test.course_id}/tests/${test.id}`} hiddenTitle>
      <div class="stack tight">
        <p class="row apart">
          <span class="strong number">
            {place === "list" ? t("attempt.review") : t("attempt.place", { n: place + 1, of: items.length })}
          </span>
          <button type="button" class="button quiet" onClick={() => setPlace(place === "list" ? 0 : "list")}>
            <Icon name="list" />
            {place === "list" ? t("attempt.to_questions") : t("attempt.all")}
          </button>
        </p>
        <Meter value={answered} max={items.length} label={t("attempt.answered", { n: answered, of: items.length })} />
      </div>
      {problem && <Notice tone="bad">{problem}</Notice>}
      {item ? (
        <section class="stack" key={item.id} aria-labelledby={`q-${item.id}`}>
          <div class="question" id={`q-${item.id}`}>
            <Words text={promptOf(item)} courseId={test.course_id} formulas={item.formulas} />
          </div>
          <ItemForm
            item={item}
            attemptId={attempt.id}
            courseId={test.course_id}
            value={answers.get(item.id)?.value as Value | undefined} // Written by answerItem, or its like elsewhere.
            answer={(value) => void answer(item, value)}
          />
          <div>
            <button
              type="button"
              class="button quiet"
              aria-pressed={flags.has(item.id)}
              onClick={() => turnFlag(item.id)}
            >
              <Icon name="flag" />
              {flags.has(item.id) ? t("attempt.unflag") : t("attempt.flag")}
            </button>
          </div>
          <Steps place={place as number} count={items.length} set={setPlace} />
        </section>
      ) : (
        <Review
          items={items}
          isAnswered={(id) => isAnswered(answers.get(id)?.value)}
          flags={flags}
          set={setPlace}
          attempt={attempt}
          title={test.title}
          answered={answered}
        />
      )}
    </Page>
  );
}

function Steps({ place, count, set }: { place: number; count: number; set: (place: number | "list") => void }) {
  const move = (to: number | "list") => {
    set(to);
    scrollTo(0, 0);
  };
  return (
    <div class="action">
      <button type="button" class="button" disabled={place === 0} onClick={() => move(place - 1)}>
        {t("attempt.before")}
      </button>
      <button type="button" class="button main" onClick={() => move(place + 1 < count ? place + 1 : "list")}>
        {place + 1 < count ? t("attempt.next") : t("attempt.review")}
      </button>
    </div>
  );
}

interface ReviewProps {
  readonly items: readonly Item[];
  readonly isAnswered: (itemId: string) => boolean;
  readonly flags: ReadonlySet<string>;
  readonly set: (place: number) => void;
  readonly attempt: Attempt;
  readonly title: string;
  readonly answered: number;
}

function Review(props: ReviewProps) {
  const engine = useEngine();
  const [isAsking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string>();
  const blank = props.items.length - props.answered;

  async function submit(): Promise<void> {
    setAsking(false);
    try {
      await handIn(engine, props.attempt, props.title);
      keepFlags(props.attempt.id, new Set());
      go(`/attempts/${props.attempt.id}/result`, { replace: true });
    } catch (error) {
      setProblem(sayError(error));
    }
  }

  return (
    <section class="stack">
      <p>{blank === 0 ? t("attempt.all_answered") : tn("attempt.blank", blank)}</p>
      <div class="grid">
        {props.items.map((item, index) => (
          <button
            key={item.id}
            type="button"
            class={`button ${props.isAnswered(item.id) ? "answered" : ""} ${props.flags.has(item.id) ? "flagged" : ""}`}
            aria-label={`${t("attempt.question", { n: index + 1 })}: ${
              props.isAnswered(item.id) ? t("attempt.is_answered") : t("attempt.is_blank")
            }${props.flags.has(item.id) ? `, ${t("attempt.is_flagged")}` : ""}`}
            onClick={() => props.set(index)}
          >
            {index + 1}
          </button>
        ))}
      </div>
      {problem && <Notice tone="bad">{problem}</Notice>}
      <div class="action">
        <button type="button" class="button main" onClick={() => setAsking(true)}>
          <Icon name="send" />
          {t("attempt.submit")}
        </button>
      </div>
      {isAsking && (
        <Ask
          title={t("attempt.submit_title")}
          confirm={t("attempt.submit")}
          onYes={() => void submit()}
          onNo={() => setAsking(false)}
        >
          <p>{blank > 0 ? tn("attempt.blank", blank) : t("attempt.submit_body")}</p>
        </Ask>
      )}
    </section>
  );
}
