/** Write a question to a mentor. A draft survives everything; what is sent is kept until it was received. */

import { useEffect, useRef, useState } from "preact/hooks";
import { newId } from "#sync";
import { dropDraft, fieldsOf, keepDraft, readDraft } from "../../../app/drafts.ts";
import { sayError } from "../../../app/errors.tsx";
import { Page } from "../../../app/page.tsx";
import { go, query } from "../../../app/router.ts";
import type { Course, Lesson, Subject } from "../../../app/rows.ts";
import { useEngine, useRow, useRows } from "../../../app/use.ts";
import { Field, Icon, Notice } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";

const TITLE_LENGTH_MAX = 255;
const BODY_LENGTH_MAX = 10_000;

export function AskScreen() {
  const engine = useEngine();
  const courseId = query.value.get("course") ?? "";
  const lessonId = query.value.get("lesson") ?? "";
  const lesson = useRow<Lesson>("catalog.lessons", lessonId, courseId ? `course:${courseId}` : undefined).row;
  const course = useRow<Course>("catalog.courses", courseId).row;
  const subjects = useRows<Subject>("catalog.subjects").rows;
  const draftName = `ask-${lessonId}`;
  const [draft] = useState(() => readDraft(draftName));
  const [problem, setProblem] = useState<string>();
  const form = useRef<HTMLFormElement>(null);
  const isSent = useRef(false);

  useEffect(() => {
    const keep = () => {
      if (form.current && !isSent.current) keepDraft(draftName, fieldsOf(form.current));
    };
    const element = form.current;
    element?.addEventListener("input", keep);
    return () => element?.removeEventListener("input", keep);
  }, [draftName]);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement); // The form that has this listener.
    const text = (name: string) => String(data.get(name) ?? "").trim();
    const id = newId();
    try {
      await engine.command(
        "questions.question.ask",
        {
          id,
          subject_id: text("subject_id"),
          title: text("title"),
          body: text("body"),
          visibility: text("visibility"),
          ...(lessonId ? { lesson_id: lessonId } : {}),
        },
        { title: text("title") },
      );
    } catch (error) {
      setProblem(sayError(error));
      return;
    }
    isSent.current = true;
    dropDraft(draftName);
    engine.sync();
    go(`/questions/${id}`, { replace: true });
  }

  return (
    <Page
      title={t("ask.title")}
      back={lesson ? `/courses/${courseId}/lessons/${lessonId}` : "/questions"}
      lead={lesson ? t("ask.about", { title: lesson.title }) : t("ask.lead")}
    >
      <form class="stack" ref={form} onSubmit={submit}>
        {problem && <Notice tone="bad">{problem}</Notice>}
        <Field label={t("ask.subject")}>
          {(props) => (
            <select {...props} name="subject_id" required>
              <option value="">{t("item.choose")}</option>
              {subjects.map((subject) => (
                <option
                  key={subject.id}
                  value={subject.id}
                  selected={subject.id === (draft.subject_id || course?.subject_id)}
                >
                  {subject.name}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={t("ask.short")} hint={t("ask.short_hint")}>
          {(props) => (
            <input {...props} name="title" required maxLength={TITLE_LENGTH_MAX} defaultValue={draft.title ?? ""} />
          )}
        </Field>
        <Field label={t("ask.long")} hint={t("ask.long_hint")}>
          {(props) => (
            <textarea {...props} name="body" required maxLength={BODY_LENGTH_MAX} defaultValue={draft.body ?? ""} />
          )}
        </Field>
        <fieldset class="stack tight">
          <legend>{t("ask.who")}</legend>
          <label class="choice">
            <input type="radio" name="visibility" value="private" defaultChecked={draft.visibility !== "public"} />
            <span>
              <span class="strong">{t("ask.private")}</span>
              <small>{t("ask.private_hint")}</small>
            </span>
          </label>
          <label class="choice">
            <input type="radio" name="visibility" value="public" defaultChecked={draft.visibility === "public"} />
            <span>
              <span class="strong">{t("ask.public")}</span>
              <small>{t("ask.public_hint")}</small>
            </span>
          </label>
        </fieldset>
        <button type="submit" class="button main wide">
          <Icon name="send" />
          {t("ask.act")}
        </button>
        {engine.status.value.link === "offline" && <p class="soft small">{t("ask.offline")}</p>}
      </form>
    </Page>
  );
}
