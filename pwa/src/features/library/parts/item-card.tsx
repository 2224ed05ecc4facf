/** An item in a list: what it is, what it weighs, what others say of it. */

import type { Subject } from "../../../app/rows.ts";
import { useRows } from "../../../app/use.ts";
import { Chip } from "../../../ui/parts.tsx";
import { formatBytes, formatNumber } from "../../../words/format.ts";
import { LANGUAGES, t } from "../../../words/index.ts";
import { type Item, KINDS, type Shelved, STATUSES } from "../api.ts";

export function ItemCard({ item, href }: { item: Shelved | Item; href: string }) {
  const subjects = useRows<Subject>("catalog.subjects").rows;
  return (
    <li>
      <a class="card stack tight" href={href}>
        <span class="strong">{item.title}</span>
        <span class="soft small row">
          <span>{t(KINDS[item.kind])}</span>
          <span>{subjects.find((subject) => subject.id === item.subject_id)?.name}</span>
          <span>{nameOf(item.language)}</span>
          <span>{item.educator_name}</span>
        </span>
        <span class="row small">
          <Chip icon="download">{formatBytes(item.bytes)}</Chip>
          {"status" in item ? (
            <Chip tone={STATUSES[item.status].tone}>{t(STATUSES[item.status].name)}</Chip>
          ) : (
            <Stars item={item} />
          )}
        </span>
      </a>
    </li>
  );
}

export function Stars({ item }: { item: Shelved }) {
  if (item.ratings_count === 0) return null;
  const stars = formatNumber(item.stars_sum / item.ratings_count, 1);
  return <Chip icon="sparkles">{t("library.stars", { stars, count: formatNumber(item.ratings_count) })}</Chip>;
}

export function nameOf(language: string): string {
  return language in LANGUAGES ? LANGUAGES[language as keyof typeof LANGUAGES] : language; // Checked on this line.
}
