/** What is said of the course on its card, to be changed. Each field that changed is written, and no other. */

import { useState } from "preact/hooks";
import type { Fields } from "#sync";
import { useEngine } from "../../../app/use.ts";
import { t } from "../../../words/index.ts";
import { attempt } from "../attempt.ts";
import type { Draft } from "../staff.ts";
import { type About, AboutFields, aboutOf } from "./about.tsx";

export function AboutCourse({ course }: { course: Draft }) {
  const engine = useEngine();
  const [isSaved, setSaved] = useState(false);
  const was: About = {
    title: course.title,
    description: course.description,
    language: course.language,
    level: course.level,
    subject_id: course.subject_id,
  };

  async function save(now: About): Promise<void> {
    const fields = changesOf(was, now);
    if (Object.keys(fields).length > 0) await engine.patch("catalog.courses", course.id, fields, { title: now.title });
    setSaved(true);
    engine.sync();
  }

  return (
    <details class="card">
      <summary>{t("authoring.settings")}</summary>
      <form
        class="stack about"
        onSubmit={(event) => {
          event.preventDefault();
          const form = event.currentTarget;
          void attempt(async () => save(await aboutOf(engine, form)));
        }}
        onInput={() => setSaved(false)}
      >
        <AboutFields about={was} />
        <div class="row">
          <button type="submit" class="button main">
            {t("act.save")}
          </button>
          <span role="status" class="soft small">
            {isSaved && t("authoring.saved")}
          </span>
        </div>
      </form>
    </details>
  );
}

function changesOf(was: About, now: About): Fields {
  const fields: Record<string, unknown> = {};
  for (const name of ["title", "description"] as const) {
    if (now[name] !== was[name]) fields[name] = { was: was[name], now: now[name] };
  }
  for (const name of ["language", "level", "subject_id"] as const) {
    if (now[name] !== was[name]) fields[name] = now[name];
  }
  return fields;
}
