/** One item: what it is, its files, stars from who has it; for reviewers, their verdict. */

import { useState } from "preact/hooks";
import { sayError } from "../../../app/errors.tsx";
import { Page } from "../../../app/page.tsx";
import { useEngine, useMe } from "../../../app/use.ts";
import { Chip, Field, Icon, Notice } from "../../../ui/parts.tsx";
import { formatBytes } from "../../../words/format.ts";
import { t } from "../../../words/index.ts";
import { ask, fetchFile, type Item, type ItemAnswer, type ItemFile, KINDS, STATUSES, useAsked } from "../api.ts";
import { nameOf, Stars } from "../parts/item-card.tsx";
import "../parts/stars.css";

export function ItemScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const itemId = params.itemId ?? "";
  const { value: answer, problem, again } = useAsked<ItemAnswer>(`/api/v1/library/${itemId}`);
  const shown = answer?.draft ?? answer?.item;
  return (
    <Page title={shown?.title ?? t("library.title")} back="/library">
      {problem && <Notice tone="bad">{problem}</Notice>}
      {answer && shown && (
        <>
          <p class="soft small row">
            <span>{t(KINDS[shown.kind])}</span>
            <span>{nameOf(shown.language)}</span>
            <span>{shown.educator_name}</span>
            {answer.item && <Stars item={answer.item} />}
            {answer.draft && (
              <Chip tone={STATUSES[answer.draft.status].tone}>{t(STATUSES[answer.draft.status].name)}</Chip>
            )}
          </p>
          {shown.description && <p>{shown.description}</p>}
          <p class="soft small">{[shown.licence, shown.attribution].filter(Boolean).join(" · ")}</p>
          <ol class="plain stack tight">
            {answer.files.map((file, index) => (
              <FileLine key={file.id} itemId={itemId} file={file} number={index + 1} done={again} />
            ))}
          </ol>
          {answer.may_rate && <Rate itemId={itemId} stars={answer.own_stars} done={again} />}
          {answer.draft && <Verdict item={answer.draft} done={again} />}
          {answer.reviews.map((review) => (
            <Notice key={review.id} tone={review.verdict === "approve" ? "good" : "warn"}>
              <span class="strong">{review.reviewer_name}</span> {review.comment || t("library.approved")}
            </Notice>
          ))}
        </>
      )}
    </Page>
  );
}

interface FileProps {
  itemId: string;
  file: ItemFile;
  number: number;
  done: () => void;
}

function FileLine({ itemId, file, number, done }: FileProps) {
  const { userId } = useEngine();
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const name = file.name ?? t("library.file", { n: number });

  async function save(): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      const address = URL.createObjectURL(await fetchFile(userId, itemId, number));
      const link = document.createElement("a");
      link.href = address;
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
      done();
    } catch (error) {
      setProblem(sayError(error));
    }
    setBusy(false);
  }

  return (
    <li class="card stack tight">
      <p class="row">
        <span class="grow">{name}</span>
        <span class="soft small number">{formatBytes(file.bytes)}</span>
      </p>
      {file.sha256 !== null && (
        <button type="button" class="button" disabled={isBusy} onClick={() => void save()}>
          <Icon name="download" />
          {t("library.download")}
        </button>
      )}
      {problem && <Notice tone="bad">{problem}</Notice>}
    </li>
  );
}

function Rate({ itemId, stars, done }: { itemId: string; stars: number | null; done: () => void }) {
  const engine = useEngine();
  const [chosen, setChosen] = useState(stars);

  async function rate(value: number): Promise<void> {
    setChosen(value);
    await engine.command("library.item.rate", { item_id: itemId, stars: value }, { title: t("library.rate") });
    engine.sync();
    done();
  }

  return (
    <fieldset class="stack tight">
      <legend>{t("library.rate")}</legend>
      <div class="stars">
        {[1, 2, 3, 4, 5].map((value) => (
          <label key={value} class="choice">
            <input type="radio" name="stars" checked={chosen === value} onChange={() => void rate(value)} />
            <span>{value}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function Verdict({ item, done }: { item: Item; done: () => void }) {
  const { userId } = useEngine();
  const me = useMe();
  const [comment, setComment] = useState("");
  const [problem, setProblem] = useState<string>();
  const isWaiting = item.status === "pending" || item.status === "peer_approved";
  if (!isWaiting || !me || item.educator_id === userId) return null;

  async function say(verdict: "approve" | "reject"): Promise<void> {
    const body = { item_id: item.id, revision: item.revision, verdict, comment: comment.trim() };
    try {
      await ask(userId, "POST", `/api/v1/library/${item.id}/reviews`, body);
      setProblem(undefined);
    } catch (error) {
      setProblem(sayError(error));
    }
    done();
  }

  return (
    <section class="card stack">
      <h2>{t("library.verdict")}</h2>
      {problem && <Notice tone="bad">{problem}</Notice>}
      <Field label={t("library.comment")} hint={t("library.comment_hint")}>
        {(props) => (
          <textarea
            {...props}
            maxLength={1000}
            value={comment}
            onInput={(event) => setComment(event.currentTarget.value)}
          />
        )}
      </Field>
      <div class="row">
        <button type="button" class="button main" onClick={() => void say("approve")}>
          <Icon name="check" />
          {t("library.approve")}
        </button>
        <button type="button" class="button" disabled={comment.trim() === ""} onClick={() => void say("reject")}>
          {t("library.reject")}
        </button>
      </div>
    </section>
  );
}
