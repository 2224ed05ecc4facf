/** A section's name and place, and what can be done with it. */

import { useState } from "preact/hooks";
import { useEngine } from "../../../app/use.ts";
import { Icon } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import { attempt } from "../attempt.ts";
import { type Part, placeAmong } from "../outline.ts";
import { LineMenu, MoreButton } from "./line-menu.tsx";
import { Mover } from "./mover.tsx";
import { NameForm } from "./name-form.tsx";
import { refocus } from "./refocus.ts";

interface HeadProps {
  readonly part: Part;
  readonly parts: readonly Part[];
  readonly say: (what: string) => void;
}

export function SectionHead({ part: { section, lessons }, parts, say }: HeadProps) {
  const engine = useEngine();
  const [open, setOpen] = useState<"" | "more" | "rename">("");
  const { id, title } = section;
  const handle = `move-${id}`;
  const index = parts.findIndex((part) => part.section.id === id);

  async function moveTo(to: number, focused: string): Promise<void> {
    if (to < 0 || to >= parts.length || to === index) return;
    const others = parts.flatMap((part) => (part.section.id === id ? [] : [part.section]));
    await engine.patch("catalog.sections", id, { rank: placeAmong(others, to, id) }, { title });
    say(t("authoring.moved", { title, place: to + 1, n: parts.length }));
    engine.sync();
    refocus(focused);
  }

  function drop(at: string): void {
    const sectionId = at.split(":")[0];
    const to = parts.findIndex((part) => part.section.id === sectionId);
    void attempt(() => moveTo(to, handle));
  }

  async function rename(now: string): Promise<void> {
    setOpen("");
    if (now !== title) await engine.patch("catalog.sections", id, { title: { was: title, now } }, { title: now });
    engine.sync();
  }

  async function remove(): Promise<void> {
    await engine.remove("catalog.sections", id, { title });
    engine.sync();
  }

  const step = (by: 1 | -1, focused: string) => void attempt(() => moveTo(index + by, focused));
  return (
    <>
      <div class="row outline-row" data-at={`${id}:0`}>
        <Mover id={handle} title={title} onStep={(by) => step(by, handle)} onDrop={drop} />
        <h2 class="grow">{title}</h2>
        <MoreButton title={title} isOpen={open === "more"} onToggle={() => setOpen(open === "more" ? "" : "more")} />
      </div>
      {open === "more" && (
        <LineMenu id={id} onRename={() => setOpen("rename")} onStep={step}>
          {lessons.length === 0 ? (
            <button type="button" class="button quiet danger" onClick={() => void attempt(remove)}>
              <Icon name="trash-2" />
              {t("authoring.remove")}
            </button>
          ) : (
            <span class="soft small">{t("authoring.section_full")}</span>
          )}
        </LineMenu>
      )}
      {open === "rename" && (
        <NameForm
          label={t("authoring.section_name")}
          value={title}
          act={t("act.save")}
          onName={(now) => void attempt(() => rename(now))}
          onClose={() => setOpen("")}
        />
      )}
    </>
  );
}
