/** One calm line about the network, shown only when there is something to say. */

import type { Status } from "#sync";
import { Icon } from "../ui/parts.tsx";
import { t } from "../words/index.ts";
import { mustSignIn } from "./auth.ts";
import { path } from "./router.ts";
import { engine } from "./session.ts";
import { erased, isLongSending, update } from "./shell-state.ts";

const IN_ATTEMPT = /^\/attempts\/[^/]+$/;

export function CalmLine() {
  const status = engine.value?.status.value;
  return (
    <>
      <div role="status">
        {status ? <Line status={status} /> : erased.value && <p class="calm warn">{t("calm.erased")}</p>}
      </div>
      {update.value && !IN_ATTEMPT.test(path.value) && (
        <button type="button" class="calm brand line" onClick={update.value}>
          <Icon name="sparkles" />
          {t("calm.update")}
        </button>
      )}
    </>
  );
}

function Line({ status }: { status: Status }) {
  if (status.problem === "sign_in" || (mustSignIn.value && status.link !== "offline")) {
    return (
      <a class="calm warn" href="/sign-in">
        <Icon name="circle-alert" />
        {status.queued > 0 ? t("calm.sign_in_waiting", { n: status.queued }) : t("calm.sign_in")}
      </a>
    );
  }
  if (status.problem === "quota") {
    return (
      <a class="calm bad" href="/downloads">
        <Icon name="hard-drive" />
        {t("calm.quota")}
      </a>
    );
  }
  if (status.problem === "upgrade") return <p class="calm warn">{t("calm.upgrade")}</p>;
  if (status.link === "offline") {
    return (
      <p class="calm offline">
        <Icon name="cloud-off" />
        {status.queued > 0 ? t("calm.offline_waiting", { n: status.queued }) : t("calm.offline")}
      </p>
    );
  }
  if (status.code === "copy.disagrees") return <p class="calm warn">{t("calm.copy", { code: status.code })}</p>;
  if (status.problem === "server") return <p class="calm warn">{t("calm.server")}</p>;
  if (isLongSending(status)) {
    const of = status.sent + status.queued;
    return (
      <p class="calm brand">
        <Icon name="send" />
        {t("calm.sending", { n: Math.min(status.sent + 1, of), of })}
      </p>
    );
  }
  if (status.link === "slow") {
    return (
      <p class="calm offline">
        <Icon name="wifi-low" />
        {t("calm.slow")}
      </p>
    );
  }
  return null;
}
