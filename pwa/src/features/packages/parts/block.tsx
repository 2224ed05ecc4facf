/** A package in a lesson: how far one is in it, and the way in. */

import "../package.css";
import { useEffect } from "preact/hooks";
import { insist } from "../../../app/insist.ts";
import { keepPart } from "../../../app/keeping.ts";
import type { MediaFile } from "../../../app/rows.ts";
import { useCourseBucket, useEngine, useRow, useRows } from "../../../app/use.ts";
import { named } from "../../../media/quality.ts";
import { useDownloads } from "../../../media/use.ts";
import { Icon } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import type { Block } from "../../catalog/blocks.ts";
import { ownBucket, type ResultRow } from "../rows.ts";
import { Getting } from "./getting.tsx";
import { Standing } from "./standing.tsx";

export type PackageBlock = Extract<Block, { type: "package" }>;

export function PackageView({ block, courseId }: { block: PackageBlock; courseId: string }) {
  const { row: file, isLoading } = useRow<MediaFile>("media.files", block.package_id, useCourseBucket(courseId));
  const results = useRows<ResultRow>("packages.results", ownBucket(useEngine())).rows;
  const downloads = useDownloads();
  useEffect(() => insist(() => keepPart("packages")), []);
  const result = results.find((row) => row.package_id === block.package_id && row.course_id === courseId);
  const one = file && named(file, "package");
  return (
    <section class="card stack tight package-door" aria-label={block.title}>
      <p class="strong">{block.title}</p>
      <Standing result={result} />
      {!one && !isLoading && <p class="soft">{t("packages.gone")}</p>}
      {one && !downloads.isKept(one.sha256) && <Getting one={one} courseId={courseId} />}
      {one && downloads.isKept(one.sha256) && (
        <a class="button main" href={`/courses/${courseId}/packages/${block.package_id}`}>
          <Icon name="play" />
          {result ? t("packages.go_on") : t("packages.open")}
        </a>
      )}
    </section>
  );
}
