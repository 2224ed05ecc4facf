/** A question as learners see it: shown where more than words stands in it. */

import { Notice } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import { Words } from "../../assessments/parts/words.tsx";
import { type Formulas, inWords, partsOf } from "../../assessments/pictures.ts";
import { type Stored, shownAnswers } from "../question.ts";

const MARKED = /\\\(|\\\[|\$\$|\]\(file:/; // Whether it is a formula says the server, once it is saved.

interface LooksProps {
  readonly question: Stored;
  readonly formulas: Formulas;
  readonly courseId: string;
}

export function Looks({ question, formulas, courseId }: LooksProps) {
  const prompt = question.prompt.replace(/\[\[(\d{1,2})\]\]/g, "____ ($1)");
  const texts = [prompt, ...shownAnswers(question.body)];
  const all = [...texts, question.explanation ?? ""];
  if (!all.some((text) => MARKED.test(text))) return null;
  const unread = Object.keys(formulas ?? {}).filter(
    (typed) => !formulas?.[typed] && all.some((text) => text.includes(typed)),
  );
  const rest = all.flatMap((text) => partsOf(text, formulas));
  const isNew = unread.length === 0 && rest.some((part) => typeof part === "string" && MARKED.test(part));
  return (
    <section class="stack tight looks" aria-labelledby="looks">
      <h2 id="looks">{t("bank.looks")}</h2>
      <div class="card stack tight">
        {texts.map((text, place) => (
          <div key={place} class={place === 0 ? "question" : "prompt"}>
            <Words text={text} courseId={courseId} formulas={formulas} />
          </div>
        ))}
        {question.explanation && (
          <div class="prompt soft">
            <Words text={inWords(question.explanation)} courseId={courseId} formulas={formulas} />
          </div>
        )}
      </div>
      {unread.map((typed) => (
        <Notice key={typed} tone="warn">
          {t("bank.unread", { typed })}
        </Notice>
      ))}
      {isNew && <p class="soft small">{t("bank.undrawn")}</p>}
    </section>
  );
}
