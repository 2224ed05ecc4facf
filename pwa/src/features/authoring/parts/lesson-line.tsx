/** A lesson in the outline: opened, moved, named anew, deleted. */

import { useState } from "preact/hooks";
import type { Lesson } from "../../../app/rows.ts";
import { useEngine } from "../../../app/use.ts";
import { Ask, Chip, Icon } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import { attempt } from "../attempt.ts";
import { moveLesson, type Part, stepOf, type Target } from "../outline.ts";
import { LineMenu, MoreButton } from "./line-menu.tsx";
import { Mover } from "./mover.tsx";
import { NameForm } from "./name-form.tsx";
import { refocus } from "./refocus.ts";

interface LineProps {
  readonly lesson: Lesson;
  readonly parts: readonly Part[];
  readonly place: Target;
  readonly isUnsaved: boolean;
  readonly say: (what: string) => void;
}

export function LessonLine({ lesson, parts, place, isUnsaved, say }: LineProps) {
  const engine = useEngine();
  const [open, setOpen] = useState<"" | "more" | "rename" | "remove">("");
  const handle = `move-${lesson.id}`;
  const { title } = lesson;

  async function move(target: Target | null): Promise<void> {
    const fields = target && moveLesson(parts, lesson, target);
    if (!fields || !target) return;
    const count = parts.find(({ section }) => section.id === target.sectionId)?.lessons.length ?? 0;
    await engine.patch("catalog.lessons", lesson.id, fields, { title });
    say(t("authoring.moved", { title, place: target.index + 1, n: Math.max(count, target.index + 1) }));
    engine.sync();
  }

  async function step(by: 1 | -1, focused: string): Promise<void> {
    await move(stepOf(parts, lesson.id, by));
    refocus(focused);
  }

  async function rename(now: string): Promise<void> {
    setOpen("");
    if (now !== title) await engine.patch("catalog.lessons", lesson.id, { title: { was: title, now } }, { title: now });
    engine.sync();
  }

  async function remove(): Promise<void> {
    setOpen("");
    await engine.remove("catalog.lessons", lesson.id, { title });
    engine.sync();
  }

  /** Let go on a row below its own it stands behind that row, on one above it before that row. */
  function drop(at: string): void {
    const [sectionId = "", index = ""] = at.split(":");
    void attempt(() => move({ sectionId, index: Number(index) }));
  }

  return (
    <li class="outline-line" data-at={`${place.sectionId}:${place.index}`}>
      <div class="row outline-row">
        <Mover id={handle} title={title} onStep={(by) => void attempt(() => step(by, handle))} onDrop={drop} />
        <a class="grow outline-title" href={`/teach/${lesson.course_id}/edit/${lesson.id}`}>
          {title}
          {isUnsaved && <Chip tone="warn">{t("authoring.unsaved")}</Chip>}
        </a>
        <MoreButton title={title} isOpen={open === "more"} onToggle={() => setOpen(open === "more" ? "" : "more")} />
      </div>
      {open === "more" && (
        <LineMenu
          id={lesson.id}
          onRename={() => setOpen("rename")}
          onStep={(by, focused) => void attempt(() => step(by, focused))}
        >
          {parts.length > 1 && (
            <select
              aria-label={t("authoring.move_to")}
              onChange={(event) => {
                const sectionId = event.currentTarget.value;
                const index = parts.find(({ section }) => section.id === sectionId)?.lessons.length ?? 0;
                void attempt(() => move({ sectionId, index }).then(() => refocus(handle)));
              }}
            >
              {parts.map(({ section }) => (
                <option key={section.id} value={section.id} selected={section.id === place.sectionId}>
                  {section.title}
                </option>
              ))}
            </select>
          )}
          <button type="button" class="button quiet danger" onClick={() => setOpen("remove")}>
            <Icon name="trash-2" />
            {t("authoring.remove")}
          </button>
        </LineMenu>
      )}
      {open === "rename" && (
        <NameForm
          label={t("authoring.lesson_name")}
          value={title}
          act={t("act.save")}
          onName={(now) => void attempt(() => rename(now))}
          onClose={() => setOpen("")}
        />
      )}
      {open === "remove" && (
        <Ask
          title={t("authoring.remove_lesson")}
          confirm={t("authoring.remove")}
          danger
          onYes={() => void attempt(remove)}
          onNo={() => setOpen("")}
        >
          <p class="strong">{title}</p>
          <p>{t("authoring.remove_hint")}</p>
        </Ask>
      )}
    </li>
  );
}
