/** Words for refusals: what it was, and what to do. The server's own words are used where we have none. */

import { Icon, Notice } from "../ui/parts.tsx";
import { t, type Word, word } from "../words/index.ts";
import { Stuck } from "./bring.ts";
import { Refused } from "./http.ts";
import { hurry } from "./insist.ts";
import { refresh } from "./router.ts";

const WORDS: Readonly<Record<string, Word>> = {
  "network.offline": word("error.offline"),
  "login.wrong": word("error.password"),
  "login.too_many": word("error.often"),
  "auth.required": word("error.sign_in"),
  "rate.limited": word("error.often"),
  "account.suspended": word("error.suspended"),
  "service.unavailable": word("error.busy"),
  "server.bug": word("error.ours"),
  "token.bad": word("error.sign_in"),
  "token.expired": word("error.sign_in"),
  "token.reused": word("error.sign_in"),
  "attempt.none_left": word("test.used_up"),
  "attempt.closed": word("error.attempt_closed"),
  "questions.limit": word("error.asked_much"),
  "questions.closed": word("error.question_closed"),
  "access.forbidden": word("error.forbidden"),
  "record.not_found": word("error.gone"),
  "record.absent": word("error.gone"),
  "record.changed": word("error.changed"),
  "record.deleted": word("error.removed"),
  "record.not_yours": word("error.rights"),
  "rights.lost": word("error.rights"),
  depends_on: word("error.before"),
  "depends_on.gone": word("error.before"),
  "depends_on.late": word("error.before"),
  "group.refused": word("error.before"),
  "blob.missing": word("error.file"),
  "op.malformed": word("error.unread"),
  "op.not_upcast": word("error.unread"),
  "op.schema_newer": word("error.unread"),
  internal: word("error.unread"),
  "body.too_large": word("error.large"),
  "wish.not_here": word("error.offline"),
};

export function sayCode(code: string, message: string | undefined): string {
  const known = WORDS[code];
  return known === undefined ? message || t("error.ours") : t(known);
}

export function sayError(error: unknown): string {
  if (error instanceof Refused) return sayCode(error.code, error.message);
  if (error instanceof DOMException && error.name === "QuotaExceededError") return t("error.full");
  return sayCode(String((error as { readonly code?: unknown } | null)?.code), undefined);
}

/** What comes later is not here yet. It is asked for again by itself; `again` asks at once. */
export function NotHere({ why, again = hurry }: { why: unknown; again?: () => void }) {
  const isStuck = why instanceof Stuck;
  const words = why instanceof TypeError ? t("error.screen_offline") : sayError(why);
  return (
    <Notice tone="warn">
      <div class="stack tight">
        <p>{isStuck ? t("error.anew") : words}</p>
        <div>
          <button type="button" class="button" onClick={isStuck ? () => location.reload() : again}>
            <Icon name="refresh-cw" />
            {isStuck ? t("act.anew") : t("act.retry")}
          </button>
        </div>
      </div>
    </Notice>
  );
}

/** A screen's script did not come: offline before the app was kept whole, or an old tab after an update. */
export function ScreenFailed({ error }: { error: unknown }) {
  return (
    <main id="main">
      <div class="stack">
        <h1>{t("error.screen")}</h1>
        <NotHere why={error} again={() => void refresh()} />
      </div>
    </main>
  );
}
