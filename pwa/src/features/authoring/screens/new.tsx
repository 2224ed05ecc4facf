/** A new course: made on the phone, with or without a network. */

import { useState } from "preact/hooks";
import { newId } from "#sync";
import { sayError } from "../../../app/errors.tsx";
import { Page } from "../../../app/page.tsx";
import { go } from "../../../app/router.ts";
import { useEngine } from "../../../app/use.ts";
import { Notice } from "../../../ui/parts.tsx";
import { language, t } from "../../../words/index.ts";
import { type About, AboutFields, aboutOf } from "../parts/about.tsx";

export function NewCourseScreen() {
  const engine = useEngine();
  const [problem, setProblem] = useState<string>();
  const empty: About = { title: "", description: "", language: language.value, level: null, subject_id: null };

  async function create(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement; // The form that has this listener.
    const [id, sectionId] = [newId(), newId()];
    try {
      const about = await aboutOf(engine, form);
      await engine.command(
        "catalog.course.create",
        { ...about, id, section_id: sectionId, section_title: t("authoring.first_section") },
        { title: about.title },
      );
    } catch (error) {
      setProblem(sayError(error));
      return;
    }
    engine.sync();
    go(`/teach/${id}/edit`, { replace: true });
  }

  return (
    <Page title={t("authoring.new")} lead={t("authoring.new_lead")} back="/teach">
      <form class="stack" onSubmit={create}>
        {problem && <Notice tone="bad">{problem}</Notice>}
        <AboutFields about={empty} />
        <button type="submit" class="button main wide">
          {t("authoring.create")}
        </button>
      </form>
    </Page>
  );
}
