/** What became of an attempt: handed in, on its way, graded. */

import { useState } from "preact/hooks";
import { Page } from "../../../app/page.tsx";
import type { Assessment, Attempt, Item } from "../../../app/rows.ts";
import { useCourseBucket, useEngine, useRow, useRows } from "../../../app/use.ts";
import { Chip, Empty, Icon } from "../../../ui/parts.tsx";
import { formatNumber, formatPpm } from "../../../words/format.ts";
import { t } from "../../../words/index.ts";
import { isOpen } from "../attempt.ts";
import {
  type ItemResult,
  layOutItems,
  type Option,
  promptOf,
  type Result,
  readOptions,
  readResult,
  type Value,
} from "../paper.ts";
import { Words } from "../parts/words.tsx";
import { inWords } from "../pictures.ts";
import "../parts/item.css";

export function ResultScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const attemptId = params.attemptId ?? "";
  const { row: attempt, isLoading } = useRow<Attempt>("assessments.attempts", attemptId);
  const test = useRow<Assessment>("assessments.assessments", attempt?.assessment_id ?? "").row;
  const back = test ? `/courses/${test.course_id}/tests/${test.id}` : "/";
  if (!attempt) {
    return (
      <Page title={t("result.title")} back={back}>
        {!isLoading && <Empty icon="graduation-cap" title={t("test.not_here")} />}
      </Page>
    );
  }
  const result = readResult(attempt.result);
  return (
    <Page title={t("result.title")} back={back} lead={test?.title}>
      {attempt.score_ppm === null || attempt.score_ppm === undefined ? (
        <Waiting attempt={attempt} />
      ) : (
        <Score
          ppm={attempt.score_ppm}
          isPassed={result?.passed ?? attempt.score_ppm >= (test?.pass_ppm ?? 0)}
          result={result}
        />
      )}
      {result && test && <Marked result={result} attempt={attempt} courseId={test.course_id} />}
      <a class="button wide" href={back}>
        {t("result.back")}
      </a>
    </Page>
  );
}

/** Handed in, not graded: says where it is, and that nothing more is needed. */
function Waiting({ attempt }: { attempt: Attempt }) {
  const engine = useEngine();
  const mine = engine.outbox.value.filter((item) => item.args.attempt_id === attempt.id && item.kind === "command");
  const isHere = mine.some((item) => item.state === "saved" || item.state === "sending");
  if (isOpen(attempt) && mine.length === 0) {
    return (
      <a class="button main wide" href={`/attempts/${attempt.id}`}>
        {t("test.go_on")}
      </a>
    );
  }
  return (
    <Empty icon={isHere ? "smartphone" : "clock"} title={isHere ? t("result.saved") : t("result.grading")}>
      <p>{isHere ? t("result.saved_hint") : t("result.grading_hint")}</p>
    </Empty>
  );
}

const ROUND = 2 * Math.PI * 44;

function Score({ ppm, isPassed, result }: { ppm: number; isPassed: boolean; result: Result | null }) {
  return (
    <section class="card score">
      <svg viewBox="0 0 100 100" role="img" aria-label={formatPpm(ppm)}>
        <circle cx="50" cy="50" r="44" />
        {ppm > 0 && (
          <circle
            class={isPassed ? "part" : "part below"}
            cx="50"
            cy="50"
            r="44"
            stroke-dasharray={`${(ppm / 1_000_000) * ROUND} ${ROUND}`}
          />
        )}
        <text x="50" y="50">
          {formatPpm(ppm)}
        </text>
      </svg>
      <p>
        <Chip tone={isPassed ? "good" : "warn"} icon={isPassed ? "circle-check" : "refresh-cw"}>
          {isPassed ? t("result.passed") : t("result.below")}
        </Chip>
      </p>
      {result && (
        <p class="soft">
          {t("result.count", { n: formatNumber(result.correct_count), of: formatNumber(result.items_count) })}
        </p>
      )}
    </section>
  );
}

function Marked({ result, attempt, courseId }: { result: Result; attempt: Attempt; courseId: string }) {
  const [isWrongOnly, setWrongOnly] = useState(false);
  const items = layOutItems(useRows<Item>("assessments.items", useCourseBucket(courseId)).rows, attempt);
  const place = new Map(items.map((item, index) => [item.id, index]));
  const ordered = [...result.items].sort((a, b) => (place.get(a.item_id) ?? 0) - (place.get(b.item_id) ?? 0));
  const shown = isWrongOnly ? ordered.filter((mark) => !mark.correct) : ordered;
  return (
    <section class="stack">
      <div class="row apart">
        <h2>{t("result.items")}</h2>
        <label class="row small">
          <input
            type="checkbox"
            checked={isWrongOnly}
            onChange={(event) => setWrongOnly(event.currentTarget.checked)}
          />
          {t("result.wrong_only")}
        </label>
      </div>
      <ol class="plain stack">
        {shown.map((mark) => (
          <li key={mark.item_id} class="card stack tight">
            <MarkedItem
              mark={mark}
              item={items[place.get(mark.item_id) ?? -1]}
              courseId={courseId}
              n={(place.get(mark.item_id) ?? 0) + 1}
            />
          </li>
        ))}
      </ol>
    </section>
  );
}

interface MarkedItemProps {
  readonly mark: ItemResult;
  readonly item: Item | undefined;
  readonly courseId: string;
  readonly n: number;
}

function MarkedItem({ mark, item, courseId, n }: MarkedItemProps) {
  const options = item ? readOptions(item) : [];
  return (
    <>
      <p class="row apart">
        <Chip tone={mark.correct ? "good" : "bad"} icon={mark.correct ? "circle-check" : "circle-x"}>
          {mark.correct ? t("result.right") : t("result.wrong")}
        </Chip>
        <span class="soft small number">
          {n} · {t("result.points", { n: formatNumber(mark.points, 2), of: formatNumber(mark.max) })}
        </span>
      </p>
      {item && (
        <div class="prompt strong">
          <Words text={promptOf(item)} courseId={courseId} formulas={item.formulas} />
        </div>
      )}
      <div>
        <span class="soft small">{t("result.yours")}</span>{" "}
        <Words text={sayValue(mark.chosen ?? null, options)} courseId={courseId} formulas={item?.formulas} />
      </div>
      {!mark.correct && mark.right !== undefined && mark.right !== null && (
        <div>
          <span class="soft small">{t("result.key")}</span>{" "}
          <span class="strong">
            <Words text={sayValue(mark.right, options)} courseId={courseId} formulas={item?.formulas} />
          </span>
        </div>
      )}
      {(mark.feedback || mark.explanation) && (
        <p class="notice plain">
          <Icon name="info" />
          <span class="prompt">
            <Words
              text={inWords([mark.feedback, mark.explanation].filter(Boolean).join("\n"))}
              courseId={courseId}
              formulas={mark.formulas}
            />
          </span>
        </p>
      )}
    </>
  );
}

/** An answer in words: options by their text. */
function sayValue(value: Value, options: readonly Option[]): string {
  const text = (id: string) => options.find((option) => option.id === id)?.text ?? id;
  if (value === null || value === "") return t("result.blank");
  if (typeof value === "boolean") return value ? t("item.true") : t("item.false");
  if (Array.isArray(value)) return value.map(text).join(" · ");
  if (typeof value === "object") {
    return Object.entries(value)
      .map(([left, right]) => `${text(left)} → ${text(String(right))}`)
      .join(" · ");
  }
  return text(String(value));
}
