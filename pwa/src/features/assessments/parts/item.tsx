/** One question and the means to answer it. */

import "./item.css";
import type { Item } from "../../../app/rows.ts";
import { Field } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import { gapsOf, layOutOptions, type Option, type Value } from "../paper.ts";
import { inWords, isMute, isWords } from "../pictures.ts";
import { Words } from "./words.tsx";

interface ItemProps {
  readonly item: Item;
  readonly attemptId: string;
  readonly courseId: string;
  readonly value: Value | undefined;
  readonly answer: (value: Value) => void;
}

export function ItemForm(props: ItemProps) {
  switch (props.item.kind) {
    case "mcq":
      return <OneOf {...props} options={layOutOptions(props.item, props.attemptId)} />;
    case "true_false":
      return <TrueFalse {...props} />;
    case "multi":
      return <SomeOf {...props} options={layOutOptions(props.item, props.attemptId)} />;
    case "match":
      return <Match {...props} options={layOutOptions(props.item, props.attemptId)} />;
    case "order":
      return <Order {...props} options={layOutOptions(props.item, props.attemptId)} />;
    case "cloze":
      return <Cloze {...props} options={layOutOptions(props.item, props.attemptId)} />;
    default:
      return <Typed {...props} />;
  }
}

type WithOptions = ItemProps & { readonly options: readonly Option[] };

function OneOf({ item, options, courseId, value, answer }: WithOptions) {
  return (
    <fieldset class="stack tight">
      <legend class="hidden">{t("item.choose_one")}</legend>
      {options.map((option, place) => (
        <label key={option.id} class="choice">
          <input
            type="radio"
            name={item.id}
            checked={value === option.id}
            aria-label={nameOf(option, place)}
            onChange={() => answer(option.id)}
          />
          <span class="prompt">
            <Words text={option.text} courseId={courseId} formulas={item.formulas} />
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** Of an answer that its label does not name: a picture of which nobody said what it shows. */
const nameOf = (option: Option, place: number): string | undefined =>
  isMute(option.text) ? t("item.answer", { n: place + 1 }) : undefined;

function TrueFalse({ item, value, answer }: ItemProps) {
  return (
    <fieldset class="stack tight">
      <legend class="hidden">{t("item.choose_one")}</legend>
      {[true, false].map((truth) => (
        <label key={String(truth)} class="choice">
          <input type="radio" name={item.id} checked={value === truth} onChange={() => answer(truth)} />
          <span>{truth ? t("item.true") : t("item.false")}</span>
        </label>
      ))}
    </fieldset>
  );
}

function SomeOf({ item, options, courseId, value, answer }: WithOptions) {
  const ticked = Array.isArray(value) ? (value as readonly string[]) : []; // A list is of option ids.
  const turn = (id: string) => answer(ticked.includes(id) ? ticked.filter((other) => other !== id) : [...ticked, id]);
  return (
    <fieldset class="stack tight">
      <legend class="soft small">{t("item.choose_some")}</legend>
      {options.map((option, place) => (
        <label key={option.id} class="choice">
          <input
            type="checkbox"
            checked={ticked.includes(option.id)}
            aria-label={nameOf(option, place)}
            onChange={() => turn(option.id)}
          />
          <span class="prompt">
            <Words text={option.text} courseId={courseId} formulas={item.formulas} />
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Match({ item, options, courseId, value, answer }: WithOptions) {
  const pairs = isPairs(value) ? value : {};
  const rights = options.filter((option) => option.side === "right");
  const isLettered = mustBeLettered(rights, item);
  return (
    <div class="stack">
      {isLettered && <Lettered options={rights} item={item} courseId={courseId} />}
      {options
        .filter((option) => option.side === "left")
        .map((left) => (
          <Field key={left.id} label={<Words text={left.text} courseId={courseId} formulas={item.formulas} />}>
            {(props) => (
              <select
                {...props}
                value={pairs[left.id] ?? ""}
                onChange={(event) => {
                  const { [left.id]: _before, ...rest } = pairs;
                  const chosen = event.currentTarget.value;
                  answer(chosen === "" ? rest : { ...rest, [left.id]: chosen });
                }}
              >
                <Offered options={rights} isLettered={isLettered} />
              </select>
            )}
          </Field>
        ))}
    </div>
  );
}

/** A menu holds neither pictures nor formulas: then it names them by letters. */
const mustBeLettered = (options: readonly Option[], item: Item): boolean =>
  options.some((option) => !isWords(option.text, item.formulas));

function Lettered({ options, item, courseId }: { options: readonly Option[]; item: Item; courseId: string }) {
  return (
    <ul class="plain stack tight">
      {options.map((option, place) => (
        <li key={option.id} class="prompt">
          <span class="strong">{letter(place)}</span>{" "}
          <Words text={option.text} courseId={courseId} formulas={item.formulas} />
        </li>
      ))}
    </ul>
  );
}

function Offered({ options, isLettered }: { options: readonly Option[]; isLettered: boolean }) {
  return (
    <>
      <option value="">{t("item.choose")}</option>
      {options.map((option, place) => (
        <option key={option.id} value={option.id}>
          {isLettered ? letter(place) : option.text}
        </option>
      ))}
    </>
  );
}

const letter = (place: number): string => String.fromCharCode(65 + (place % 26)) + "ʹ".repeat(Math.floor(place / 26));

/** A field a gap: a menu where the test offers one, else typed. */
function Cloze({ item, options, courseId, value, answer }: WithOptions) {
  const filled = isPairs(value) ? value : {};
  const fill = (gap: string, text: string) => {
    const { [gap]: _before, ...rest } = filled;
    answer(text === "" ? rest : { ...rest, [gap]: text });
  };
  return (
    <div class="stack">
      {gapsOf(item).map((gap) => {
        const offered = options.filter((option) => String(option.gap) === gap);
        const isLettered = mustBeLettered(offered, item);
        return (
          <Field key={gap} label={`${t("item.text")} (${gap})`}>
            {(props) =>
              offered.length > 0 ? (
                <>
                  {isLettered && <Lettered options={offered} item={item} courseId={courseId} />}
                  <select
                    {...props}
                    value={filled[gap] ?? ""}
                    onChange={(event) => fill(gap, event.currentTarget.value)}
                  >
                    <Offered options={offered} isLettered={isLettered} />
                  </select>
                </>
              ) : (
                <input
                  {...props}
                  autocomplete="off"
                  maxLength={GAP_LENGTH_MAX}
                  defaultValue={filled[gap] ?? ""}
                  onChange={(event) => fill(gap, event.currentTarget.value.trim())}
                />
              )
            }
          </Field>
        );
      })}
    </div>
  );
}

const GAP_LENGTH_MAX = 64; // As the server takes it.

function isPairs(value: Value | undefined): value is Readonly<Record<string, string>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function Order({ item, options, courseId, value, answer }: WithOptions) {
  const ids = Array.isArray(value) ? (value as readonly string[]) : options.map((option) => option.id); // As in SomeOf.
  const texts = new Map(options.map((option) => [option.id, option.text]));
  const raise = (index: number) => {
    const next = [...ids];
    next.splice(index - 1, 0, ...next.splice(index, 1));
    answer(next);
  };
  return (
    <ol class="list plain">
      {ids.map((id, index) => (
        <li key={id} class="line">
          <span class="soft number">{index + 1}</span>
          <span class="grow prompt">
            <Words text={texts.get(id) ?? ""} courseId={courseId} formulas={item.formulas} />
          </span>
          <button
            type="button"
            class="button quiet"
            disabled={index === 0}
            aria-label={t("item.raise", { name: inWords(texts.get(id) ?? "") })}
            onClick={() => raise(index)}
          >
            ↑
          </button>
        </li>
      ))}
    </ol>
  );
}

function Typed({ item, value, answer }: ItemProps) {
  const isNumber = item.kind === "numeric";
  return (
    <Field label={isNumber ? t("item.number") : t("item.text")}>
      {(props) => (
        <input
          {...props}
          inputMode={isNumber ? "decimal" : "text"}
          autocomplete="off"
          maxLength={isNumber ? 64 : 1000}
          defaultValue={value === null || value === undefined ? "" : String(value)}
          onChange={(event) => answer(event.currentTarget.value.trim() || null)}
        />
      )}
    </Field>
  );
}
