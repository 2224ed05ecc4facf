/** What waits for this person's verdict, the longest waiting first. */

import { Page } from "../../../app/page.tsx";
import { Empty, Notice } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import { type Item, useAsked } from "../api.ts";
import { ItemCard } from "../parts/item-card.tsx";

export function ReviewScreen() {
  const { value: items, problem } = useAsked<readonly Item[]>("/api/v1/library/review");
  return (
    <Page title={t("library.review")} lead={t("library.review_lead")} back="/library">
      {problem && <Notice tone="bad">{problem}</Notice>}
      {items?.length === 0 ? (
        <Empty icon="check-check" title={t("library.review_none")} />
      ) : (
        <ul class="plain stack">
          {items?.map((item) => (
            <ItemCard key={item.id} item={item} href={`/library/${item.id}`} />
          ))}
        </ul>
      )}
    </Page>
  );
}
