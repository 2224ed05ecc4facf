/** One question: its text, its answers, what is right. Written without a network too; half-written words stay on this phone. */

import "../parts/bank.css";
import { useEffect, useRef, useState } from "preact/hooks";
import type { OutboxItem } from "#sync";
import { sayError } from "../../../app/errors.tsx";
import { Page } from "../../../app/page.tsx";
import { go, query } from "../../../app/router.ts";
import { useEngine } from "../../../app/use.ts";
import { Ask, Chip, Field, Icon, Notice } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import { useOwnFiles } from "../../authoring/blobs.ts";
import { dropWorking, keepWorking, readWorking } from "../keeping.ts";
import { filesIn, lengthened, shortened } from "../marks.ts";
import { Answers } from "../parts/answers.tsx";
import { Looks } from "../parts/looks.tsx";
import { Pictures } from "../parts/pictures.tsx";
import {
  changedTo,
  type Difficulty,
  type DraftRow,
  finished,
  KINDS,
  type Kind,
  kindOf,
  lackOf,
  nameOf,
  newWorking,
  type Stored,
  same,
  type TestRow,
  type Working,
  withGap,
  workingOf,
} from "../question.ts";
import { DRAFTS, saveDraft, sayKind, sayLack, sayWhy, setQuestions, useDraft, useTest, useWishes } from "../staff.ts";

const KEEP_AFTER_MS = 500;

export function QuestionScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const { courseId = "", draftId = "" } = params;
  const { userId } = useEngine();
  const { row, isLoading } = useDraft(courseId, draftId);
  const [kept, setKept] = useState<Working | null | undefined>(undefined);
  useEffect(() => void readWorking(userId, draftId).then((found) => setKept(found ?? null)), [userId, draftId]);
  if (kept === undefined || (isLoading && !row)) return <Page title={t("bank.question")}>{null}</Page>;
  const begin = kept ?? (row ? workingOf(row) : newWorking());
  return <Editor key={draftId} courseId={courseId} draftId={draftId} row={row} begin={begin} isKept={kept !== null} />;
}

interface EditorProps {
  readonly courseId: string;
  readonly draftId: string;
  readonly row: DraftRow | undefined;
  readonly begin: Working;
  readonly isKept: boolean;
}

function Editor({ courseId, draftId, row, begin, isKept }: EditorProps) {
  const engine = useEngine();
  const testId = query.value.get("test") ?? "";
  const test = useTest(courseId, testId).row;
  const [now, setNow] = useState(begin);
  const [problem, setProblem] = useState<string>();
  const [isAsking, setAsking] = useState(false);
  const keeping = useKeeping(draftId, now, begin, setProblem);
  const back = testId ? `/teach/${courseId}/tests/${testId}` : `/teach/${courseId}/bank`;
  const lack = lackOf(now.question);
  useOwnFiles(filesIn(now.question));
  const change = (question: Partial<Stored>) => setNow({ ...now, question: { ...now.question, ...question } });

  async function save(event: Event): Promise<void> {
    event.preventDefault();
    try {
      await saveDraft(engine, { courseId, id: draftId, row }, now);
      await intoTest(test);
      await keeping.drop();
    } catch (error) {
      setProblem(sayError(error));
      return;
    }
    engine.sync();
    go(back, { replace: true });
  }

  async function intoTest(into: TestRow | undefined): Promise<void> {
    const ids = into?.draft_ids ?? [];
    if (into && !ids.includes(draftId)) await setQuestions(engine, into, [...ids, draftId]);
  }

  async function remove(): Promise<void> {
    setAsking(false);
    await keeping.drop();
    if (row) await engine.remove(DRAFTS, draftId, { title: nameOf(now.title, now.question) });
    engine.sync();
    go(back, { replace: true });
  }

  return (
    <Page title={row ? t("bank.question") : t("bank.question_new")} back={back}>
      {isKept && !same(begin, row && workingOf(row)) && <Notice icon="smartphone">{t("bank.kept")}</Notice>}
      {problem && <Notice tone="bad">{problem}</Notice>}
      <Refused draftId={draftId} onTake={(question) => setNow({ ...now, question })} />
      <form class="stack" onSubmit={save}>
        <KindField question={now.question} onBody={(body) => change({ body })} />
        <Prompt question={now.question} courseId={courseId} onChange={change} />
        <Answers
          body={now.question.body}
          prompt={now.question.prompt}
          courseId={courseId}
          onChange={(body) => change({ body })}
        />
        <div class="stack tight">
          <Field label={t("bank.explanation")} hint={t("bank.explanation_hint")}>
            {(props) => (
              <textarea
                {...props}
                class="answers"
                maxLength={10_000}
                value={now.question.explanation ?? ""}
                onInput={(event) => change({ explanation: event.currentTarget.value })}
              />
            )}
          </Field>
          <Pictures
            text={now.question.explanation ?? ""}
            name={t("bank.explanation")}
            onText={(explanation) => change({ explanation })}
          />
        </div>
        <Looks question={now.question} formulas={row?.formulas} courseId={courseId} />
        <More now={now} setNow={setNow} />
        <p role="status">
          {lack === null ? (
            <Chip tone="good" icon="circle-check">
              {t("bank.whole")}
            </Chip>
          ) : (
            <span class="soft">{sayLack(lack)}</span>
          )}
        </p>
        <button type="submit" class="button main wide">
          {testId ? t("bank.save_into") : t("act.save")}
        </button>
        <button type="button" class="button quiet danger" onClick={() => setAsking(true)}>
          <Icon name="trash-2" />
          {t("bank.delete")}
        </button>
      </form>
      {isAsking && (
        <Ask
          title={t("bank.delete_ask")}
          confirm={t("bank.delete")}
          danger
          onYes={() => void remove()}
          onNo={() => setAsking(false)}
        >
          <p>{t("bank.delete_hint")}</p>
        </Ask>
      )}
    </Page>
  );
}

/** Keeps what is written, half a second after each pause, and at once when the page goes. */
/** With every pause, and on leaving: who goes back at once finds the last letter, too. */
function useKeeping(draftId: string, now: Working, begin: Working, say: (problem: string) => void) {
  const { userId } = useEngine();
  const newest = useRef(now);
  const kept = useRef(begin); // Or what stands here without anything kept.
  const isOver = useRef(false);
  newest.current = now;
  const keep = (): void => {
    const working = newest.current;
    if (isOver.current || same(working, kept.current)) return;
    keepWorking(userId, draftId, working).then(
      () => {
        kept.current = working;
      },
      (error) => say(sayError(error)),
    );
  };
  useEffect(() => {
    const timer = setTimeout(keep, KEEP_AFTER_MS);
    return () => clearTimeout(timer);
  }, [now]);
  useEffect(() => {
    addEventListener("pagehide", keep);
    return () => {
      removeEventListener("pagehide", keep);
      keep();
    };
  }, []);
  return {
    drop: async () => {
      isOver.current = true;
      await dropWorking(userId, draftId);
    },
  };
}

function KindField({ question, onBody }: { question: Stored; onBody: (body: Stored["body"]) => void }) {
  const kind = kindOf(question.body);
  if (question.body.kind === "open") return <p class="soft">{t("bank.lack_person")}</p>;
  return (
    <Field label={t("bank.kind")}>
      {(props) => (
        <select
          {...props}
          value={kind}
          onChange={(event) => onBody(changedTo(event.currentTarget.value as Kind, question.body))} // Its options are the kinds.
        >
          {KINDS.map((one) => (
            <option key={one} value={one}>
              {sayKind(one)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface PromptProps {
  readonly question: Stored;
  readonly courseId: string;
  readonly onChange: (question: Partial<Stored>) => void;
}

function Prompt({ question, courseId, onChange }: PromptProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const { body, prompt } = question;
  const words = shortened(prompt);
  const putGap = () => {
    if (body.kind !== "cloze") return;
    const made = withGap(words, body.gaps, field.current?.selectionStart ?? words.length);
    onChange({ prompt: lengthened(made.prompt, prompt), body: { ...body, gaps: made.gaps } });
  };
  return (
    <div class="stack tight">
      <Field label={t("bank.prompt")} hint={t("bank.prompt_hint")}>
        {(props) => (
          <textarea
            {...props}
            ref={field}
            maxLength={10_000}
            value={words}
            onInput={(event) => onChange({ prompt: lengthened(event.currentTarget.value, prompt) })}
            onBlur={() => body.kind === "cloze" && onChange(finished(question))}
          />
        )}
      </Field>
      <Pictures
        text={prompt}
        name={t("bank.prompt")}
        courseId={courseId}
        onText={(text) => onChange({ prompt: text })}
      />
      {body.kind === "cloze" && (
        <div>
          {/* The cursor must stay in the text: where it stands is where the gap goes. */}
          <button type="button" class="button" onMouseDown={(event) => event.preventDefault()} onClick={putGap}>
            <Icon name="plus" />
            {t("bank.gap_put")}
          </button>
        </div>
      )}
    </div>
  );
}

function More({ now, setNow }: { now: Working; setNow: (now: Working) => void }) {
  return (
    <details>
      <summary class="strong">{t("bank.more")}</summary>
      <div class="stack">
        <Field label={t("bank.name")} hint={t("bank.name_hint")}>
          {(props) => (
            <input
              {...props}
              maxLength={255}
              value={now.title}
              onInput={(event) => setNow({ ...now, title: event.currentTarget.value })}
            />
          )}
        </Field>
        <Field label={t("bank.points")}>
          {(props) => (
            <input
              {...props}
              type="number"
              min={1}
              max={100}
              value={now.points}
              onChange={(event) => {
                const points = Math.min(100, Math.max(1, Math.round(event.currentTarget.valueAsNumber || 1)));
                setNow({ ...now, points });
              }}
            />
          )}
        </Field>
        <Field label={t("bank.difficulty")}>
          {(props) => (
            <select
              {...props}
              value={now.difficulty}
              onChange={(event) => setNow({ ...now, difficulty: event.currentTarget.value as Difficulty })} // Its options.
            >
              <option value="easy">{t("bank.easy")}</option>
              <option value="medium">{t("bank.medium")}</option>
              <option value="hard">{t("bank.hard")}</option>
            </select>
          )}
        </Field>
        <Field label={t("bank.tags")} hint={t("bank.tags_hint")}>
          {(props) => (
            <input
              {...props}
              defaultValue={now.tags.join(", ")}
              onChange={(event) => setNow({ ...now, tags: tagsIn(event.currentTarget.value) })}
            />
          )}
        </Field>
      </div>
    </details>
  );
}

const tagsIn = (text: string): readonly string[] =>
  [
    ...new Set(
      text
        .split(/[,;]/)
        .map((tag) => tag.trim().slice(0, 60))
        .filter((tag) => tag !== ""),
    ),
  ].slice(0, 20);

/** What was not accepted of this question: somebody else's change came first, or the server could not take it. */
function Refused({ draftId, onTake }: { draftId: string; onTake: (question: Stored) => void }) {
  const engine = useEngine();
  const refused = useWishes(draftId).filter((item) => item.state === "not_accepted");
  const [problem, setProblem] = useState<string>();

  async function take(item: OutboxItem): Promise<void> {
    try {
      const mine = (await engine.whole(item)).args.question as Stored | undefined;
      if (!mine) return;
      onTake(mine);
      await engine.withdraw(item.identity);
    } catch (error) {
      setProblem(sayError(error));
    }
  }

  return (
    <>
      {problem && <Notice tone="bad">{problem}</Notice>}
      {refused.map((item) => {
        const mine = item.args.question as Stored | undefined; // As saveDraft wrote it; of a short one it is to be fetched.
        return (
          <Notice key={item.identity} tone="warn">
            <div class="stack tight">
              <p>{item.code === "record.changed" || !item.code ? t("bank.conflict") : sayWhy(item)}</p>
              {mine && <p class="prompt small">{mine.prompt}</p>}
              <div class="row">
                {(mine || item.isShort) && (
                  <button type="button" class="button" onClick={() => void take(item)}>
                    {t("bank.conflict_mine")}
                  </button>
                )}
                <button type="button" class="button quiet" onClick={() => void engine.withdraw(item.identity)}>
                  {t("bank.conflict_theirs")}
                </button>
              </div>
            </div>
          </Notice>
        );
      })}
    </>
  );
}
