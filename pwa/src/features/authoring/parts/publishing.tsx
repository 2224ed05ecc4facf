/** Showing the course to learners, and taking it back. What stands in the way is said before anybody asks in vain. */

import { useState } from "preact/hooks";
import { newId } from "#sync";
import { go } from "../../../app/router.ts";
import type { Assessment, LessonText, MediaFile } from "../../../app/rows.ts";
import { useEngine, useRows } from "../../../app/use.ts";
import { Ask, Chip, Icon, Notice } from "../../../ui/parts.tsx";
import { t, tn } from "../../../words/index.ts";
import { type Block, readBlocks } from "../../catalog/blocks.ts";
import { attempt } from "../attempt.ts";
import { conflictsIn } from "../conflicts.ts";
import { filesOf } from "../editing.ts";
import type { Part } from "../outline.ts";
import { type Draft, sayWhy, staffBucket, useWishes } from "../staff.ts";

interface PublishingProps {
  readonly course: Draft;
  readonly parts: readonly Part[];
}

export function Publishing({ course, parts }: PublishingProps) {
  const engine = useEngine();
  const [open, setOpen] = useState<"" | "publish" | "unpublish">("");
  const isPublished = course.status === "published";
  const refused = useWishes(new Set([course.id])).find(
    (item) => item.name === "catalog.courses" && item.state === "not_accepted" && item.args.status !== undefined,
  );

  async function set(status: "published" | "draft"): Promise<void> {
    setOpen("");
    if (refused) await engine.withdraw(refused.identity).catch(() => undefined); // Its word is not here yet: the new one stands beside it.
    await engine.patch("catalog.courses", course.id, { status }, { title: course.title });
    engine.sync();
  }

  /** The first course stays as it is; what the phone shows of the copy is its card, until the server has made the rest. */
  async function copy(): Promise<void> {
    const id = newId();
    const title = t("authoring.copy_title", { title: course.title }).slice(0, 255);
    await engine.command("catalog.course.duplicate", { id, of: course.id, title }, { title });
    engine.sync();
    go(`/teach/${id}/edit`);
  }

  return (
    <section class="card stack tight">
      <h2>{t("authoring.publishing")}</h2>
      <p class="row">
        <Chip tone={isPublished ? "good" : "plain"} icon={isPublished ? "circle-check" : "clock"}>
          {isPublished ? t("authoring.published", { n: course.revision ?? 0 }) : t("teach.draft")}
        </Chip>
      </p>
      {refused && <Notice tone="bad">{sayWhy(refused.code, refused.message)}</Notice>}
      {open === "publish" && (
        <Ready
          course={course}
          parts={parts}
          onYes={() => void attempt(() => set("published"))}
          onNo={() => setOpen("")}
        />
      )}
      {open === "unpublish" && (
        <Ask
          title={t("authoring.unpublish_ask")}
          confirm={t("authoring.unpublish")}
          danger
          onYes={() => void attempt(() => set("draft"))}
          onNo={() => setOpen("")}
        >
          <p>{t("authoring.unpublish_hint")}</p>
        </Ask>
      )}
      <div class="row">
        {open !== "publish" && (
          <button
            type="button"
            class={isPublished ? "button" : "button main"}
            onClick={() => setOpen(isPublished ? "unpublish" : "publish")}
          >
            {isPublished ? t("authoring.unpublish") : t("authoring.publish")}
          </button>
        )}
        <a class="button" href={`/teach/${course.id}/history`}>
          {t("authoring.history")}
        </a>
        <button type="button" class="button" disabled={course.slug === ""} onClick={() => void attempt(copy)}>
          {t("authoring.copy")}
        </button>
      </div>
      <p class="soft small">{t("authoring.copy_hint")}</p>
    </section>
  );
}

interface ReadyProps extends PublishingProps {
  readonly onYes: () => void;
  readonly onNo: () => void;
}

/** Reads the course's texts, so only once somebody asks. */
function Ready({ course, parts, onYes, onNo }: ReadyProps) {
  const bucket = staffBucket(course.id);
  const texts = useRows<LessonText>("catalog.lesson_texts", bucket);
  const tests = useRows<Assessment>("assessments.assessments", bucket);
  const files = useRows<MediaFile>("media.files", bucket);
  const lessons = parts.flatMap((part) => part.lessons);
  const blocks = texts.rows.map((row) => readBlocks(row.blocks));
  const reasons = [
    course.slug === "" && t("authoring.why_new"),
    lessons.length === 0 && t("authoring.why_empty"),
    blocks.some((one) => conflictsIn(one).length > 0) && t("authoring.why_marks"),
  ].filter((reason) => reason !== false);
  // Courses from files are spared this one, and only the server knows which those are: said, and left to it.
  const isIdle = tests.rows.length === 0 && !blocks.some(hasExercise);
  const shown = filesOf(blocks.flat());
  const coming = shown.filter((id) => !isMade(files.rows.find((file) => file.id === id))).length;
  if (texts.isLoading || tests.isLoading || files.isLoading) return null;
  return (
    <div class="stack tight">
      {reasons.length > 0 || isIdle ? (
        <Notice tone="warn">
          <p>{t("authoring.why")}</p>
          <ul class="reasons">
            {[...reasons, ...(isIdle ? [t("authoring.why_exercise")] : [])].map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </Notice>
      ) : (
        <p>{t("authoring.publish_hint")}</p>
      )}
      {coming > 0 && <Notice tone="warn">{tn("authoring.on_way", coming)}</Notice>}
      <div class="row">
        {reasons.length === 0 && (
          <button type="button" class="button main" onClick={onYes}>
            <Icon name="send" />
            {t("authoring.publish")}
          </button>
        )}
        <button type="button" class="button quiet" onClick={onNo}>
          {t("act.cancel")}
        </button>
      </div>
    </div>
  );
}

const isMade = (file: MediaFile | undefined) => file !== undefined && file.state !== "processing";

function hasExercise(blocks: readonly Block[]): boolean {
  return blocks.some((block) => {
    if (block.type === "note" || block.type === "quote") return hasExercise(block.blocks);
    if (block.type === "list") return block.items.some((item) => hasExercise(item.blocks ?? []));
    return block.type === "exercise" || block.type === "package";
  });
}
