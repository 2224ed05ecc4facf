/** The answers of a question, by its kind. Each change hands the whole body on. */

import { useId } from "preact/hooks";
import { Field, Icon } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import { lengthened, shortened } from "../marks.ts";
import {
  ANSWERS_MAX,
  type Body,
  blank,
  type Choice,
  FULL,
  gapNumbers,
  gapOf,
  isRight,
  linesOf,
  marked,
} from "../question.ts";
import { Pictures } from "./pictures.tsx";

const TEXT_MAX = 2_000;

interface Props<B extends Body> {
  readonly body: B;
  readonly prompt: string;
  readonly courseId: string;
  readonly onChange: (body: Body) => void;
}
type Of<K extends Body["kind"]> = Props<Extract<Body, { kind: K }>>;

export function Answers({ body, prompt, courseId, onChange }: Props<Body>) {
  const others = { prompt, courseId, onChange };
  switch (body.kind) {
    case "choice":
      return <Choices body={body} {...others} />;
    case "true_false":
      return <Truth body={body} {...others} />;
    case "numeric":
      return <Numbers body={body} {...others} />;
    case "short":
      return <Accepted body={body} {...others} />;
    case "match":
      return <Pairs body={body} {...others} />;
    case "order":
      return <Things body={body} {...others} />;
    case "cloze":
      return <Gaps body={body} {...others} />;
    case "open":
      return (
        <Field label={t("bank.guide")}>
          {(props) => (
            <textarea
              {...props}
              maxLength={10_000}
              value={body.guide ?? ""}
              onInput={(event) => onChange({ ...body, guide: event.currentTarget.value })}
            />
          )}
        </Field>
      );
  }
}

const put = <T,>(list: readonly T[], index: number, value: T): readonly T[] =>
  list.map((one, at) => (at === index ? value : one));
const without = <T,>(list: readonly T[], index: number): readonly T[] => list.filter((_one, at) => at !== index);

function Remove({ name, onClick }: { name: string; onClick: () => void }) {
  return (
    <button type="button" class="button quiet round" aria-label={t("bank.take_out", { name })} onClick={onClick}>
      <Icon name="trash-2" />
    </button>
  );
}

function Add({ words, isFull, onClick }: { words: string; isFull: boolean; onClick: () => void }) {
  return (
    <div>
      <button type="button" class="button quiet" disabled={isFull} onClick={onClick}>
        <Icon name="plus" />
        {words}
      </button>
    </div>
  );
}

function Choices({ body, courseId, onChange }: Of<"choice">) {
  const name = useId();
  const write = (index: number, choice: Choice) => onChange({ ...body, choices: put(body.choices, index, choice) });
  const turn = (index: number) => {
    const right = new Set(body.choices.flatMap((_choice, at) => (isRight(body, at) ? [at] : [])));
    if (!body.is_multi) right.clear();
    if (!right.delete(index)) right.add(index);
    onChange(marked(body, right));
  };
  /** Its part of the mark goes to the others. */
  const remove = (index: number) => {
    const choices = without(body.choices, index);
    const right = choices.flatMap((choice, at) => (choice.weight_ppm > 0 ? [at] : []));
    onChange(marked({ ...body, choices }, new Set(right)));
  };
  return (
    <fieldset class="stack tight">
      <legend>{body.is_multi ? t("bank.answers_multi") : t("bank.answers_one")}</legend>
      {body.choices.map((choice, index) => {
        const label = t("bank.answer_n", { n: index + 1 });
        return (
          <div key={index} class="answer-row">
            <input
              type={body.is_multi ? "checkbox" : "radio"}
              name={name}
              aria-label={t("bank.is_right", { n: index + 1 })}
              checked={isRight(body, index)}
              onChange={() => turn(index)}
            />
            <div class="stack tight">
              <input
                aria-label={label}
                placeholder={label}
                maxLength={TEXT_MAX}
                value={shortened(choice.text)}
                onInput={(event) => {
                  write(index, { ...choice, text: lengthened(event.currentTarget.value, choice.text) });
                }}
              />
              <Pictures
                text={choice.text}
                name={label}
                courseId={courseId}
                onText={(text) => write(index, { ...choice, text })}
              />
              {(choice.feedback !== undefined || choice.text !== "") && (
                <input
                  class="small"
                  aria-label={t("bank.feedback_n", { n: index + 1 })}
                  placeholder={t("bank.feedback")}
                  maxLength={TEXT_MAX}
                  value={choice.feedback ?? ""}
                  onInput={(event) => write(index, { ...choice, feedback: event.currentTarget.value })}
                />
              )}
            </div>
            <Remove name={label} onClick={() => remove(index)} />
          </div>
        );
      })}
      <Add
        words={t("bank.answer_more")}
        isFull={body.choices.length >= ANSWERS_MAX}
        onClick={() => onChange({ ...body, choices: [...body.choices, blank(0)] })}
      />
    </fieldset>
  );
}

function Truth({ body, onChange }: Of<"true_false">) {
  const name = useId();
  return (
    <fieldset class="stack tight">
      <legend>{t("bank.answers_one")}</legend>
      {[true, false].map((truth) => (
        <label key={String(truth)} class="choice">
          <input
            type="radio"
            name={name}
            checked={body.is_true === truth}
            onChange={() => onChange({ ...body, is_true: truth })}
          />
          <span>{truth ? t("item.true") : t("item.false")}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Numbers({ body, onChange }: Of<"numeric">) {
  return (
    <fieldset class="stack tight">
      <legend>{t("bank.numbers")}</legend>
      {body.ranges.map((range, index) => (
        <div key={index} class="pair-row">
          <div class="sides">
            {(["low", "high"] as const).map((end) => (
              <Field key={end} label={end === "low" ? t("bank.number_from") : t("bank.number_to")}>
                {(props) => (
                  <input
                    {...props}
                    inputMode="decimal"
                    autocomplete="off"
                    maxLength={40}
                    value={end === "high" && range.high === range.low ? "" : range[end]}
                    onInput={(event) => {
                      const typed = event.currentTarget.value;
                      const was = end === "low" && range.high === range.low ? { high: "" } : {};
                      onChange({ ...body, ranges: put(body.ranges, index, { ...range, ...was, [end]: typed }) });
                    }}
                  />
                )}
              </Field>
            ))}
          </div>
          {body.ranges.length > 1 && (
            <Remove
              name={t("bank.answer_n", { n: index + 1 })}
              onClick={() => onChange({ ...body, ranges: without(body.ranges, index) })}
            />
          )}
        </div>
      ))}
      <Add
        words={t("bank.number_more")}
        isFull={body.ranges.length >= ANSWERS_MAX}
        onClick={() => onChange({ ...body, ranges: [...body.ranges, { low: "", high: "", weight_ppm: FULL }] })}
      />
    </fieldset>
  );
}

/** One input a line; the last one empty asks for the next. */
function Lines({
  legend,
  more,
  texts,
  isNumbered,
  courseId,
  onTexts,
}: {
  legend: string;
  more: string;
  texts: readonly string[];
  isNumbered: boolean;
  courseId?: string; // Pictures may stand in them.
  onTexts: (texts: readonly string[], removed?: number) => void;
}) {
  return (
    <fieldset class="stack tight">
      <legend>{legend}</legend>
      {texts.map((text, index) => {
        const label = t("bank.answer_n", { n: index + 1 });
        return (
          <div key={index} class="answer-row">
            <span class="soft number">{isNumbered ? `${index + 1}.` : "="}</span>
            <div class="stack tight">
              <input
                aria-label={label}
                maxLength={isNumbered ? TEXT_MAX : 1_000}
                value={shortened(text)}
                onInput={(event) => onTexts(put(texts, index, lengthened(event.currentTarget.value, text)))}
              />
              {courseId && (
                <Pictures
                  text={text}
                  name={label}
                  courseId={courseId}
                  onText={(now) => onTexts(put(texts, index, now))}
                />
              )}
            </div>
            <Remove name={label} onClick={() => onTexts(without(texts, index), index)} />
          </div>
        );
      })}
      <Add words={more} isFull={texts.length >= ANSWERS_MAX} onClick={() => onTexts([...texts, ""])} />
    </fieldset>
  );
}

function Accepted({ body, onChange }: Of<"short">) {
  return (
    <Lines
      legend={t("bank.accepted")}
      more={t("bank.accepted_more")}
      texts={body.answers.map(({ text }) => text)}
      isNumbered={false}
      onTexts={(texts, removed) => {
        const kept = removed === undefined ? body.answers : without(body.answers, removed);
        onChange({ ...body, answers: texts.map((text, index) => ({ ...(kept[index] ?? blank(FULL)), text })) });
      }}
    />
  );
}

function Things({ body, courseId, onChange }: Of<"order">) {
  return (
    <Lines
      legend={t("bank.things")}
      more={t("bank.thing_more")}
      texts={body.things}
      isNumbered
      courseId={courseId}
      onTexts={(things) => onChange({ ...body, things })}
    />
  );
}

function Pairs({ body, courseId, onChange }: Of<"match">) {
  const write = (index: number, side: 0 | 1, text: string) => {
    const [left, right] = body.pairs[index] ?? ["", ""];
    const now = side === 0 ? ([text, right] as const) : ([left, text] as const);
    onChange({ ...body, pairs: put(body.pairs, index, now) });
  };
  return (
    <fieldset class="stack tight">
      <legend>{t("bank.pairs")}</legend>
      {body.pairs.map((pair, index) => (
        <div key={index} class="pair-row">
          <div class="sides">
            {([0, 1] as const).map((side) => {
              const label = side === 0 ? t("bank.left_n", { n: index + 1 }) : t("bank.right_n", { n: index + 1 });
              return (
                <div key={side} class="stack tight">
                  <input
                    aria-label={label}
                    placeholder={label}
                    maxLength={TEXT_MAX}
                    value={shortened(pair[side])}
                    onInput={(event) => write(index, side, lengthened(event.currentTarget.value, pair[side]))}
                  />
                  <Pictures
                    text={pair[side]}
                    name={label}
                    courseId={courseId}
                    onText={(text) => write(index, side, text)}
                  />
                </div>
              );
            })}
          </div>
          <Remove
            name={t("bank.pair_n", { n: index + 1 })}
            onClick={() => onChange({ ...body, pairs: without(body.pairs, index) })}
          />
        </div>
      ))}
      <Add
        words={t("bank.pair_more")}
        isFull={body.pairs.length >= ANSWERS_MAX}
        onClick={() => onChange({ ...body, pairs: [...body.pairs, ["", ""]] })}
      />
    </fieldset>
  );
}

function Gaps({ body, prompt, onChange }: Of<"cloze">) {
  const numbers = gapNumbers(prompt);
  if (numbers.length === 0) return <p class="soft">{t("bank.gap_hint")}</p>;
  return (
    <div class="stack">
      {numbers.map((n) => {
        const gap = body.gaps[n - 1] ?? { answers: [] };
        const set = (lines: string, isMenu: boolean) => {
          const gaps = numbers.map((_number, index) => body.gaps[index] ?? { answers: [] });
          onChange({ ...body, gaps: put(gaps, n - 1, gapOf(lines, isMenu)) });
        };
        return (
          <fieldset key={n} class="stack tight">
            <legend>{t("bank.gap_n", { n })}</legend>
            <Field label={gap.is_menu ? t("bank.gap_menu_lines") : t("bank.gap_lines")}>
              {(props) => (
                <textarea
                  {...props}
                  class="answers"
                  defaultValue={linesOf(gap)}
                  onInput={(event) => set(event.currentTarget.value, gap.is_menu ?? false)}
                />
              )}
            </Field>
            <label class="row small">
              <input
                type="checkbox"
                checked={gap.is_menu ?? false}
                onChange={(event) => set(linesOf(gap), event.currentTarget.checked)}
              />
              {t("bank.gap_menu")}
            </label>
          </fieldset>
        );
      })}
    </div>
  );
}
