/** How the learners of a course did in its packages, for its teachers. */

import { useRows } from "../../../app/use.ts";
import { formatDate, formatDuration, instant } from "../../../words/format.ts";
import { tn } from "../../../words/index.ts";
import type { ResultRow } from "../rows.ts";
import { Standing } from "./standing.tsx";

const SHOWN_MAX = 100;

export function PackageResults({ courseId }: { courseId: string }) {
  const { rows } = useRows<ResultRow>("packages.results", `course-staff:${courseId}`);
  const titles = new Map(rows.map((row) => [row.package_id, row.title]));
  return (
    <>
      {[...titles].map(([packageId, title]) => {
        const of = rows.filter((row) => row.package_id === packageId);
        const newest = of.sort((a, b) => (instant(b.opened_at) ?? 0) - (instant(a.opened_at) ?? 0));
        return (
          <section key={packageId} class="stack">
            <h2>{title}</h2>
            <p class="soft small">{tn("packages.learners", of.length)}</p>
            <ul class="list plain">
              {newest.slice(0, SHOWN_MAX).map((row) => (
                <li key={row.id} class="line">
                  <span class="grow">
                    {row.learner_name}
                    <br />
                    <span class="soft small">
                      {formatDate(instant(row.opened_at) ?? 0)} · {formatDuration(row.seconds)}
                    </span>
                  </span>
                  <Standing result={row} />
                </li>
              ))}
            </ul>
          </section>
        );
      })}
    </>
  );
}
