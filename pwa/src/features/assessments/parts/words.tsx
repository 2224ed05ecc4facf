/** A question's words, with the formulas and pictures among them: what draws pictures is fetched when there are any. */

import "./words.css";
import { useLater } from "../../../app/later.ts";
import { Rich } from "../../../ui/rich.tsx";
import { type Formulas, inWords, partsOf } from "../pictures.ts";

const LONG = 600; // Characters of MathML that may be wider than a narrow phone.

const PICTURE = () => import("./item-picture.tsx").then((file) => file.ItemPicture);

export function Words({ text, courseId, formulas }: { text: string; courseId: string; formulas?: Formulas }) {
  const parts = partsOf(text, formulas);
  const wants = parts.some((part) => typeof part !== "string" && "fileId" in part);
  const { Part: Picture } = useLater(wants ? PICTURE : null); // Until then, its words.
  return (
    <>
      {parts.map((part, place) => {
        if (typeof part === "string") return part;
        if ("mathml" in part) return <Formula key={place} mathml={part.mathml} />;
        if (Picture === null) return ` ${inWords(`![${part.alt}](file:${part.fileId})`)} `;
        return <Picture key={`${place}:${part.fileId}`} fileId={part.fileId} alt={part.alt} courseId={courseId} />;
      })}
    </>
  );
}

/** One that does not fit is moved sideways, not the page. */
function Formula({ mathml }: { mathml: string }) {
  const isBlock = mathml.startsWith('<math display="block"');
  return (
    <span
      ref={(drawn) => {
        if (drawn && drawn.scrollWidth > drawn.clientWidth) drawn.tabIndex = 0; // Moved by keyboard, too.
      }}
      class={isBlock ? "formula block" : mathml.length > LONG ? "formula long" : "formula"}
    >
      <Rich html={mathml} />
    </span>
  );
}
