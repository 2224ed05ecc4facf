/** A course as its educators write it: sections and lessons, their names and their order. */

import "../parts/authoring.css";
import { useEffect, useState } from "preact/hooks";
import { newId } from "#sync";
import { Page } from "../../../app/page.tsx";
import type { Section } from "../../../app/rows.ts";
import { useEngine } from "../../../app/use.ts";
import { Empty, Icon } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import { BankLink } from "../../bank/parts/bank-link.tsx";
import { attempt } from "../attempt.ts";
import { type Part, partsOf, placeLast } from "../outline.ts";
import { AboutCourse } from "../parts/about-course.tsx";
import { LessonLine } from "../parts/lesson-line.tsx";
import { NameForm } from "../parts/name-form.tsx";
import { Publishing } from "../parts/publishing.tsx";
import { refocus } from "../parts/refocus.ts";
import { SectionHead } from "../parts/section-head.tsx";
import { Standing } from "../parts/standing.tsx";
import { staffBucket, useDraft, useLessons, useSections } from "../staff.ts";
import { lessonsWithWork } from "../work.ts";

export function OutlineScreen({ params }: { params: Readonly<Record<string, string>> }) {
  const { courseId = "" } = params;
  const { course, isLoading } = useDraft(courseId);
  const sections = useSections(courseId);
  const parts = partsOf(sections, useLessons(courseId));
  const [said, say] = useState("");
  if (!course) {
    return (
      <Page title={t("authoring.title")} back="/teach">
        {!isLoading && (
          <Empty icon="cloud-off" title={t("authoring.not_here")}>
            <p>{t("authoring.not_here_hint")}</p>
          </Empty>
        )}
      </Page>
    );
  }
  return (
    <Page title={course.title} back="/teach">
      <Standing courseId={courseId} parts={parts} />
      <Sections courseId={courseId} parts={parts} say={say} />
      <BankLink courseId={courseId} />
      <Publishing course={course} parts={parts} />
      <AboutCourse course={course} />
      <p class="hidden" role="status">
        {said}
      </p>
    </Page>
  );
}

function Sections({ courseId, parts, say }: { courseId: string; parts: readonly Part[]; say: (what: string) => void }) {
  const engine = useEngine();
  const [isAdding, setAdding] = useState(false);
  const unsaved = useUnsaved();

  async function add(title: string): Promise<void> {
    const id = newId();
    const rank = placeLast(
      parts.map(({ section }) => section),
      id,
    );
    setAdding(false);
    await engine.create(
      "catalog.sections",
      id,
      { course_id: courseId, title, rank },
      { title, bucket: staffBucket(courseId) },
    );
    engine.sync();
  }

  return (
    <div class="stack">
      {parts.length === 0 && <p class="soft">{t("authoring.begin")}</p>}
      {parts.map((part) => (
        <section key={part.section.id} class="card outline" aria-label={part.section.title}>
          <SectionHead part={part} parts={parts} say={say} />
          <ol class="plain outline-lessons" data-section={part.section.id}>
            {part.lessons.map((lesson, index) => (
              <LessonLine
                key={lesson.id}
                lesson={lesson}
                parts={parts}
                place={{ index, sectionId: part.section.id }}
                isUnsaved={unsaved.has(lesson.id)}
                say={say}
              />
            ))}
            {part.lessons.length === 0 && (
              <li class="soft small empty-line" data-at={`${part.section.id}:0`}>
                {t("authoring.empty_section")}
              </li>
            )}
          </ol>
          <AddLesson courseId={courseId} section={part.section} parts={parts} />
        </section>
      ))}
      {isAdding ? (
        <NameForm
          label={t("authoring.section_name")}
          act={t("authoring.add")}
          onName={(title) => void attempt(() => add(title))}
          onClose={() => {
            setAdding(false);
            refocus("add-section");
          }}
        />
      ) : (
        <button type="button" id="add-section" class="button wide" onClick={() => setAdding(true)}>
          <Icon name="plus" />
          {t("authoring.section_new")}
        </button>
      )}
    </div>
  );
}

function AddLesson({ courseId, section, parts }: { courseId: string; section: Section; parts: readonly Part[] }) {
  const engine = useEngine();
  const [isAdding, setAdding] = useState(false);
  const button = `add-${section.id}`;

  async function add(title: string): Promise<void> {
    const id = newId();
    const home = parts.find((part) => part.section.id === section.id)?.lessons ?? [];
    const args = { id, course_id: courseId, section_id: section.id, title, rank: placeLast(home, id) };
    await engine.command("catalog.lesson.add", { ...args, blocks: [] }, { title });
    engine.sync();
  }

  if (!isAdding) {
    return (
      <button type="button" id={button} class="button quiet" onClick={() => setAdding(true)}>
        <Icon name="plus" />
        {t("authoring.lesson_new")}
      </button>
    );
  }
  return (
    <NameForm
      label={t("authoring.lesson_name")}
      act={t("authoring.add")}
      isKept
      onName={(title) => void attempt(() => add(title))}
      onClose={() => {
        setAdding(false);
        refocus(button);
      }}
    />
  );
}

/** Lessons with words that were written and not saved. */
function useUnsaved(): ReadonlySet<string> {
  const { userId } = useEngine();
  const [found, setFound] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => void lessonsWithWork(userId).then(setFound), [userId]);
  return found;
}
