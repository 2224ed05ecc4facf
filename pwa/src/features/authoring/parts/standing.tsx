/** Whether what was written has reached the server, and what it did not take. */

import { Icon, Notice } from "../../../ui/parts.tsx";
import { t, tn } from "../../../words/index.ts";
import { problem } from "../attempt.ts";
import type { Part } from "../outline.ts";
import { sayWhy, useWishes } from "../staff.ts";

export function Standing({ courseId, parts }: { courseId: string; parts: readonly Part[] }) {
  const ids = new Set([
    courseId,
    ...parts.flatMap(({ section, lessons }) => [section.id, ...lessons.map((lesson) => lesson.id)]),
  ]);
  const wishes = useWishes(ids);
  const refused = wishes.filter((item) => item.state === "not_accepted");
  const waiting = wishes.length - refused.length;
  return (
    <>
      {problem.value !== null && <Notice tone="bad">{problem.value}</Notice>}
      {refused.map((item) => (
        <Notice key={item.identity} tone="bad">
          <p>
            {t("authoring.refused")} <strong>{item.title ?? ""}</strong>
            <br />
            {sayWhy(item.code, item.message)}
          </p>
          <a href="/outbox">{t("authoring.to_outbox")}</a>
        </Notice>
      ))}
      <p class="soft small row" role="status">
        <Icon name={waiting > 0 ? "smartphone" : "check-check"} />
        {waiting > 0 ? tn("authoring.waiting", waiting) : t("authoring.all_sent")}
      </p>
    </>
  );
}
