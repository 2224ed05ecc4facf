/** One question and its answers. A mentor answers here, with or without a network; the asker accepts. */

import { useState } from "preact/hooks";
import { newId } from "#sync";
import { dropDraft, keepDraft, readDraft } from "../../../app/drafts.ts";
import { sayError } from "../../../app/errors.tsx";
import { Page } from "../../../app/page.tsx";
import type { Lesson, Question, Reply, Subject } from "../../../app/rows.ts";
import { hasRole, useEngine, useMe, useRow, useRows } from "../../../app/use.ts";
import { Chip, Empty, Field, Icon, Notice } from "../../../ui/parts.tsx";
import { formatAgo, instant } from "../../../words/format.ts";
import { t } from "../../../words/index.ts";
import { Face } from "../../identity/parts/face.tsx";
import { StateChip } from "../parts/question-line.tsx";
import { Whereabouts } from "../parts/whereabouts.tsx";

const ANSWER_LENGTH_MAX = 10_000;

export function ThreadScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const questionId = params.questionId ?? "";
  const me = useMe();
  const { row: question, isLoading } = useRow<Question>("questions.questions", questionId);
  const subject = useRow<Subject>("catalog.subjects", question?.subject_id ?? "").row;
  const lesson = useRow<Lesson>("catalog.lessons", question?.lesson_id ?? "").row;
  const replies = useRows<Reply>("questions.answers").rows.filter((row) => row.question_id === questionId);
  const back = hasRole(me, "mentor") && question?.author_id !== me?.id ? "/mentor" : "/questions";
  if (!question) {
    return (
      <Page title={isLoading ? "" : t("question.gone")} back={back}>
        {!isLoading && <Empty icon="message-circle-question" title={t("question.gone")} />}
      </Page>
    );
  }
  const isMine = question.author_id === me?.id;
  const mayAnswer = !isMine && question.state !== "closed" && hasRole(me, "mentor", "admin", "super_admin");
  return (
    <Page
      title={question.title}
      back={back}
      lead={
        <span class="row small">
          {subject && <Chip>{subject.name}</Chip>}
          <StateChip question={question} />
          <Chip>{question.visibility === "public" ? t("ask.public") : t("ask.private")}</Chip>
        </span>
      }
    >
      <article class="card stack tight">
        <By name={isMine ? (me?.display_name ?? me?.full_name ?? "") : question.author_name} at={question.asked_at} />
        <p class="prompt">{question.body}</p>
        {lesson && (
          <p>
            <a href={`/courses/${lesson.course_id}/lessons/${lesson.id}`}>
              {t("question.lesson", { title: lesson.title })}
            </a>
          </p>
        )}
        {isMine && <Whereabouts id={question.id} />}
      </article>
      <section class="stack" aria-label={t("question.replies")}>
        {[...replies].sort(inReadingOrder).map((reply) => (
          <ReplyView key={reply.id} reply={reply} question={question} isAsker={isMine} myName={me?.full_name ?? ""} />
        ))}
        {replies.length === 0 && isMine && <p class="soft">{t("question.wait")}</p>}
      </section>
      {mayAnswer && <AnswerForm questionId={question.id} title={question.title} />}
    </Page>
  );
}

/** The order in which the asker reads: the accepted answer first, then oldest first. */
function inReadingOrder(a: Reply, b: Reply): number {
  return Number(b.is_accepted) - Number(a.is_accepted) || (instant(a.posted_at) ?? 0) - (instant(b.posted_at) ?? 0);
}

function By({ name, at }: { name: string; at: unknown }) {
  const moment = instant(at);
  return (
    <p class="row">
      <Face name={name} />
      <span class="grow">
        <span class="strong">{name}</span>
        <br />
        <span class="soft small">{moment === null ? "" : formatAgo(moment)}</span>
      </span>
    </p>
  );
}

interface ReplyProps {
  readonly reply: Reply;
  readonly question: Question;
  readonly isAsker: boolean;
  readonly myName: string;
}

function ReplyView({ reply, question, isAsker, myName }: ReplyProps) {
  const engine = useEngine();
  const [problem, setProblem] = useState<string>();
  const isMine = reply.author_id === engine.userId;

  async function accept(): Promise<void> {
    try {
      await engine.command("questions.answer.accept", { answer_id: reply.id }, { title: question.title });
      engine.sync();
    } catch (error) {
      setProblem(sayError(error));
    }
  }

  return (
    <article class="card stack tight">
      <By name={isMine ? reply.author_name || myName : reply.author_name} at={reply.posted_at} />
      {reply.is_accepted && (
        <p>
          <Chip tone="good" icon="circle-check">
            {t("question.accepted")}
          </Chip>
        </p>
      )}
      <p class="prompt">{reply.body}</p>
      {problem && <Notice tone="bad">{problem}</Notice>}
      {isMine && <Whereabouts id={reply.id} />}
      {isAsker && !reply.is_accepted && question.state !== "closed" && (
        <div>
          <button type="button" class="button" onClick={() => void accept()}>
            <Icon name="check" />
            {t("question.accept")}
          </button>
        </div>
      )}
    </article>
  );
}

function AnswerForm({ questionId, title }: { questionId: string; title: string }) {
  const engine = useEngine();
  const draftName = `answer-${questionId}`;
  const [body, setBody] = useState(() => readDraft(draftName).body ?? "");
  const [problem, setProblem] = useState<string>();

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    try {
      await engine.command(
        "questions.answer.post",
        { id: newId(), question_id: questionId, body: body.trim() },
        { title: t("answer.to", { title }) },
      );
    } catch (error) {
      setProblem(sayError(error));
      return;
    }
    dropDraft(draftName);
    setBody("");
    engine.sync();
  }

  return (
    <form class="stack" onSubmit={submit}>
      {problem && <Notice tone="bad">{problem}</Notice>}
      <Field label={t("answer.title")} hint={t("answer.hint")}>
        {(props) => (
          <textarea
            {...props}
            required
            maxLength={ANSWER_LENGTH_MAX}
            value={body}
            onInput={(event) => {
              setBody(event.currentTarget.value);
              keepDraft(draftName, { body: event.currentTarget.value });
            }}
          />
        )}
      </Field>
      <button type="submit" class="button main wide" disabled={body.trim() === ""}>
        <Icon name="send" />
        {t("answer.act")}
      </button>
    </form>
  );
}
