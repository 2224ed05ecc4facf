/** What educators share, found by words in any spelling. */

import { useEffect, useState } from "preact/hooks";
import { Page } from "../../../app/page.tsx";
import type { Subject } from "../../../app/rows.ts";
import { hasRole, useMe, useRows } from "../../../app/use.ts";
import { Empty, Field, Icon, Notice } from "../../../ui/parts.tsx";
import { t } from "../../../words/index.ts";
import { type Shelved, useAsked } from "../api.ts";
import { ItemCard } from "../parts/item-card.tsx";

const TYPING_MS = 300;
const SHOWN_AT_ONCE = 30;

export function ShelfScreen() {
  const me = useMe();
  const subjects = useRows<Subject & { slug: string }>("catalog.subjects").rows;
  const [typed, setTyped] = useState("");
  const [subject, setSubject] = useState("");
  const [limit, setLimit] = useState(SHOWN_AT_ONCE);
  const search = useSettled(typed.trim());
  const params = new URLSearchParams({ limit: String(limit) });
  if (search.length > 1) params.set("search", search);
  if (subject) params.set("subject", subject);
  const { value: items, problem } = useAsked<readonly Shelved[]>(`/api/v1/library?${params}`);
  return (
    <Page title={t("library.title")} lead={t("library.lead")} width="broad">
      <search class="stack tight">
        <div>
          <Field label={t("library.search")}>
            {(props) => (
              <input
                {...props}
                type="search"
                maxLength={200}
                value={typed}
                onInput={(event) => setTyped(event.currentTarget.value)}
              />
            )}
          </Field>
        </div>
        <Field label={t("library.subject")}>
          {(props) => (
            <select {...props} onChange={(event) => setSubject(event.currentTarget.value)}>
              <option value="">{t("library.all")}</option>
              {subjects.map((one) => (
                <option key={one.id} value={one.slug}>
                  {one.name}
                </option>
              ))}
            </select>
          )}
        </Field>
      </search>
      {problem && <Notice tone="bad">{problem}</Notice>}
      {items?.length === 0 && (
        <Empty icon="book-open" title={t("library.none")}>
          <p>{t("library.none_hint")}</p>
        </Empty>
      )}
      <ul class="plain stack">
        {items?.map((item) => (
          <ItemCard key={item.id} item={item} href={`/library/${item.id}`} />
        ))}
      </ul>
      {items?.length === limit && limit < 100 && (
        <button type="button" class="button wide" onClick={() => setLimit(100)}>
          {t("library.more")}
        </button>
      )}
      {hasRole(me, "educator", "admin", "super_admin") && (
        <div class="action row">
          <a class="button" href="/teach/library">
            <Icon name="file-up" />
            {t("library.mine")}
          </a>
          <a class="button quiet" href="/teach/review">
            <Icon name="check-check" />
            {t("library.review")}
          </a>
        </div>
      )}
    </Page>
  );
}

/** The value once it has stood still for a moment: not every letter is a question to the server. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), TYPING_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
