/** Write an item: its words, its file, and off to the reviewers; with or without a network. */

import { useState } from "preact/hooks";
import type { Row } from "#sync";
import { sayError } from "../../../app/errors.tsx";
import { Page } from "../../../app/page.tsx";
import { go } from "../../../app/router.ts";
import { useEngine, useRow } from "../../../app/use.ts";
import { Field, Icon, Meter, Notice } from "../../../ui/parts.tsx";
import { useUploads } from "../../../uploads/use.ts";
import { LANGUAGES, t } from "../../../words/index.ts";
import { type Item, KINDS } from "../api.ts";
import { nameOwn, SubjectChoice } from "../parts/subject-choice.tsx";

const LICENCES = ["CC BY 4.0", "CC BY-SA 4.0", "CC0", "Own work"];

export function WriteItemScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const engine = useEngine();
  const uploads = useUploads();
  const itemId = params.itemId ?? "";
  const { row: item, isLoading } = useRow<Row & Item>("library.items", itemId, `user:${engine.userId}`);
  const [problem, setProblem] = useState<string>();
  const [done, setDone] = useState<{ part: number; of: number }>();

  async function send(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (!uploads) return;
    const form = event.currentTarget as HTMLFormElement; // The form that has this listener.
    const data = new FormData(form);
    const text = (name: string) => String(data.get(name) ?? "").trim();
    const terms = { licence: text("licence"), attribution: text("attribution") };
    const file = data.get("file");
    try {
      const added =
        file instanceof File && file.size > 0
          ? await uploads.add(file, {
              purpose: "library",
              ...terms,
              onProgress: (part, of) => setDone({ part, of }),
            })
          : undefined;
      const named = await nameOwn(engine, text("subject_name"));
      const args = {
        id: itemId,
        title: text("title"),
        description: text("description"),
        kind: text("kind"),
        language: text("language"),
        subject_id: named?.id ?? text("subject_id"),
        topic: text("topic"),
        ...terms,
        file_ids: added ? [added.fileId] : (item?.files ?? []),
      };
      const title = args.title;
      const described = await engine.command("library.item.describe", args, {
        title,
        ...(named ? { after: [named.wish] } : {}),
        ...(added ? { blobs: [added.sha256] } : {}),
      });
      await engine.command("library.item.submit", { item_id: itemId }, { title, after: [described] });
      engine.sync();
      go("/teach/library", { replace: true });
    } catch (error) {
      setProblem(sayError(error));
    }
    setDone(undefined);
  }

  if (isLoading) return null;
  return (
    <Page title={item?.title ?? t("library.new")} lead={t("library.write_lead")} back="/teach/library">
      {item?.reason && <Notice tone="warn">{t("library.rejected", { reason: item.reason })}</Notice>}
      {problem && <Notice tone="bad">{problem}</Notice>}
      <form class="stack" onSubmit={send}>
        <Field label={t("library.name")}>
          {(props) => <input {...props} name="title" required maxLength={255} defaultValue={item?.title ?? ""} />}
        </Field>
        <Choice name="kind" label={t("library.kind")} chosen={item?.kind ?? "worksheet"} options={kinds()} />
        <SubjectChoice
          chosen={item?.subject_id ?? ""}
          words={{
            label: t("library.subject"),
            other: t("library.subject_other"),
            name: t("library.subject_name"),
            hint: t("library.subject_hint"),
          }}
        />
        <Choice
          name="language"
          label={t("library.language")}
          chosen={item?.language ?? "uz"}
          options={Object.entries(LANGUAGES)}
        />
        <Field label={t("library.topic")}>
          {(props) => <input {...props} name="topic" maxLength={200} defaultValue={item?.topic ?? ""} />}
        </Field>
        <Field label={t("library.about")}>
          {(props) => (
            <textarea {...props} name="description" maxLength={5000} defaultValue={item?.description ?? ""} />
          )}
        </Field>
        <Choice
          name="licence"
          label={t("library.licence")}
          chosen={item?.licence ?? "CC BY 4.0"}
          options={LICENCES.map((licence) => [licence, licence])}
        />
        <Field label={t("library.whose")}>
          {(props) => <input {...props} name="attribution" maxLength={500} defaultValue={item?.attribution ?? ""} />}
        </Field>
        <Field label={item?.files.length ? t("library.other_file") : t("library.choose_file")}>
          {(props) => <input {...props} type="file" name="file" required={!item?.files.length} />}
        </Field>
        {done && <Meter value={done.part} max={done.of} label={t("library.choose_file")} />}
        <button type="submit" class="button main wide" disabled={!uploads || done !== undefined}>
          <Icon name="send" />
          {t("library.submit")}
        </button>
      </form>
    </Page>
  );
}

const kinds = () => Object.entries(KINDS).map(([kind, name]) => [kind, t(name)] as const);

interface ChoiceProps {
  name: string;
  label: string;
  chosen: string;
  options: readonly (readonly [string, string])[];
}

function Choice({ name, label, chosen, options }: ChoiceProps) {
  return (
    <Field label={label}>
      {(props) => (
        <select {...props} name={name} required>
          {options.map(([value, shown]) => (
            <option key={value} value={value} selected={value === chosen}>
              {shown}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
