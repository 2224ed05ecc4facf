/** An educator's own materials, and where each stands. From the phone: what was written offline is here, too. */

import { newId, type Row } from "#sync";
import { Page } from "../../../app/page.tsx";
import { useEngine, useRows } from "../../../app/use.ts";
import { Empty, Icon } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import type { Item } from "../api.ts";
import { ItemCard } from "../parts/item-card.tsx";

export function OwnItemsScreen() {
  const engine = useEngine();
  const items = useRows<Row & Item>("library.items", `user:${engine.userId}`).rows;
  return (
    <Page title={t("library.mine")} lead={t("library.mine_lead")} back="/library">
      {items.length === 0 ? (
        <Empty icon="file-up" title={t("library.mine_none")} />
      ) : (
        <ul class="plain stack">
          {items.map((item) => (
            <ItemCard key={item.id} item={item} href={`/teach/library/${item.id}`} />
          ))}
        </ul>
      )}
      <div class="action">
        <a class="button main" href={`/teach/library/${newId()}`}>
          <Icon name="plus" />
          {t("library.new")}
        </a>
      </div>
    </Page>
  );
}
