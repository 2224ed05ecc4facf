/** The frame around the screens: bar, places, calm line. */

import type { IconName } from "../ui/icon-names.ts";
import { Icon, Mark } from "../ui/parts.tsx";
import { t, tn } from "../words/index.ts";
import { CalmLine } from "./calm.tsx";
import { ScreenFailed } from "./errors.tsx";
import { BackButton } from "./page.tsx";
import { failed, path, shown } from "./router.ts";
import { isUnread, type Notification } from "./rows.ts";
import { engine } from "./session.ts";
import { backAddress } from "./shell-state.ts";
import { hasRole, useMe, useRows } from "./use.ts";

export function Shell() {
  const now = shown.value;
  const Screen = now?.screen;
  const isOpen = engine.value !== null;
  const isInside = isOpen && !now?.route.open;
  return (
    <div class={isInside ? "app has-tabs" : "app"}>
      <a class="skip button" href="#main">
        {t("act.skip")}
      </a>
      <header class="bar">
        <div class="bar-in">
          {backAddress.value === null ? (
            <a class="brandmark grow" href="/">
              <Mark />
              Spark
            </a>
          ) : (
            <div class="grow">
              <BackButton fallback={backAddress.value} />
            </div>
          )}
          {isInside && <Bells />}
        </div>
        <CalmLine />
      </header>
      {isInside && <Places />}
      {failed.value ? (
        <ScreenFailed error={failed.value} />
      ) : (
        Screen &&
        (isOpen || now.route.open) && <Screen key={`${engine.value?.userId} ${now.path}`} params={now.params} />
      )}
    </div>
  );
}

function Bells() {
  const { rows } = useRows<Notification>("notifications.notifications");
  const unread = rows.filter((row) => isUnread(row)).length;
  const outbox = engine.value?.outbox.value ?? [];
  const refused = outbox.some((item) => item.state === "not_accepted");
  const open = outbox.filter((item) => item.state !== "received").length;
  return (
    <>
      <a class="button quiet round" href="/outbox" aria-label={`${t("outbox.title")}. ${tn("outbox.count", open)}`}>
        <Icon name={refused ? "circle-alert" : open > 0 ? "clock" : "check-check"} />
        {open > 0 && <span class="dot">{open}</span>}
      </a>
      <a
        class="button quiet round"
        href="/notifications"
        aria-label={`${t("notes.title")}. ${tn("notes.unread", unread)}`}
      >
        <Icon name="bell" />
        {unread > 0 && <span class="dot">{unread}</span>}
      </a>
    </>
  );
}

function Places() {
  const me = useMe();
  const places: { href: string; icon: IconName; name: string }[] = [
    { href: "/", icon: "house", name: t("place.today") },
    { href: "/courses", icon: "book-open", name: t("place.courses") },
  ];
  const isStaff = hasRole(me, "educator", "mentor", "admin", "super_admin");
  if (!isStaff) places.push({ href: "/questions", icon: "message-circle-question", name: t("place.questions") });
  if (hasRole(me, "educator", "admin", "super_admin")) {
    places.push({ href: "/teach", icon: "graduation-cap", name: t("place.teach") });
  }
  if (hasRole(me, "mentor", "admin", "super_admin")) {
    places.push({ href: "/mentor", icon: "inbox", name: t("place.mentor") });
  }
  places.push({ href: "/more", icon: "ellipsis", name: t("place.more") });
  const here = `/${path.value.split("/")[1] ?? ""}`;
  return (
    <nav class="tabs" aria-label={t("place.all")}>
      {places.map(({ href, icon, name }) => (
        <a key={href} href={href} aria-current={here === href ? "page" : undefined}>
          <Icon name={icon} />
          <span>{name}</span>
        </a>
      ))}
    </nav>
  );
}
