/** Everything that is not a place of its own. */

import { useState } from "preact/hooks";
import { Page } from "../../../app/page.tsx";
import { go } from "../../../app/router.ts";
import { leave, signOut } from "../../../app/session.ts";
import { hasRole, useEngine, useMe } from "../../../app/use.ts";
import type { IconName } from "../../../ui/icon-names.ts";
import { Ask, Icon } from "../../../ui/parts.tsx";
import { t, tn, word } from "../../../words/index.ts";
import { AreaDoor } from "../parts/area-door.tsx";
import { Face } from "../parts/face.tsx";
import { LanguageChoice } from "../parts/language.tsx";

export function MoreScreen() {
  const me = useMe();
  const unsent = useEngine().outbox.value.filter((item) => item.state !== "received" && item.state !== "sent").length;
  const [isLeaving, setLeaving] = useState(false);
  const name = me?.display_name || me?.full_name || "";
  const places: { href: string; icon: IconName; name: string; note?: string }[] = [
    ...(hasRole(me, "educator", "mentor", "admin", "super_admin")
      ? [{ href: "/questions", icon: "message-circle-question" as const, name: t("questions.title") }]
      : []),
    { href: "/downloads", icon: "hard-drive", name: t("downloads.title") },
    { href: "/outbox", icon: "send", name: t("outbox.title"), note: tn("outbox.count", unsent) },
    { href: "/notifications", icon: "bell", name: t("notes.title") },
  ];

  async function switchPerson(): Promise<void> {
    await leave();
    go("/people", { replace: true });
  }

  async function out(): Promise<void> {
    await signOut();
    go("/sign-in", { replace: true });
  }

  return (
    <Page title={t("place.more")}>
      <a class="card line" href="/profile">
        <Face name={name} />
        <span class="grow">
          <span class="strong">{name}</span>
          <br />
          <span class="soft small">{me?.email}</span>
        </span>
        <Icon name="chevron-right" />
      </a>
      <ul class="list plain">
        {places.map((place) => (
          <li key={place.href}>
            <a class="line" href={place.href}>
              <Icon name={place.icon} />
              <span class="grow">{place.name}</span>
              {place.note && <span class="soft small">{place.note}</span>}
              <Icon name="chevron-right" />
            </a>
          </li>
        ))}
        <AreaDoor area="library" title={word("library.title")} href="/library" icon="book-open" />
        {hasRole(me, "staff", "admin", "super_admin") && (
          <AreaDoor area="jobs" title={word("jobs.title")} href="/staff/jobs" icon="refresh-cw" />
        )}
        {hasRole(me, "admin", "super_admin") && (
          <AreaDoor area="jobs" title={word("jobs.names")} href="/staff/subjects" icon="list" />
        )}
      </ul>
      <LanguageChoice />
      <div class="stack tight">
        <button type="button" class="button wide" onClick={() => void switchPerson()}>
          <Icon name="users-round" />
          {t("people.switch")}
        </button>
        <button type="button" class="button quiet danger wide" onClick={() => setLeaving(true)}>
          <Icon name="log-out" />
          {t("sign_out.act")}
        </button>
      </div>
      {isLeaving && (
        <Ask
          title={t("sign_out.title")}
          confirm={t("sign_out.act")}
          danger
          onYes={() => void out()}
          onNo={() => setLeaving(false)}
        >
          <p>{unsent > 0 ? tn("sign_out.unsent", unsent) : t("sign_out.clean")}</p>
        </Ask>
      )}
    </Page>
  );
}
