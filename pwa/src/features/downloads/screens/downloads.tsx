/** What lies on this phone, what it weighs, and what a megabyte costs. */

import { useEffect, useState } from "preact/hooks";
import { Page } from "../../../app/page.tsx";
import type { Course } from "../../../app/rows.ts";
import { useEngine, useRow } from "../../../app/use.ts";
import { CURRENCIES, keepTariff, tariffOf } from "../../../media/tariff.ts";
import { useDownloads } from "../../../media/use.ts";
import { Empty, Field, Notice } from "../../../ui/parts.tsx";
import { formatBytes } from "../../../words/format.ts";
import { t } from "../../../words/index.ts";
import { DownloadBox, useRoom } from "../../catalog/parts/download-box.tsx";
import { Packs } from "../parts/packs.tsx";

const LOW_BYTES = 50_000_000;

export function DownloadsScreen() {
  const wishes = Object.keys(useDownloads().wishes);
  return (
    <Page title={t("downloads.title")} lead={<Used />} back="/more">
      {wishes.length === 0 ? (
        <Empty icon="download" title={t("downloads.none")}>
          <p>{t("downloads.none_hint")}</p>
          <a class="button" href="/courses">
            {t("downloads.find")}
          </a>
        </Empty>
      ) : (
        wishes.map((courseId) => <One key={courseId} courseId={courseId} />)
      )}
      <LowRoom />
      <Packs courseIds={wishes} />
      <TariffForm />
    </Page>
  );
}

function One({ courseId }: { courseId: string }) {
  const course = useRow<Course>("catalog.courses", courseId).row;
  if (!course) return null;
  return (
    <section class="stack tight">
      <h2>
        <a href={`/courses/${courseId}`}>{course.title}</a>
      </h2>
      <DownloadBox course={course} />
    </section>
  );
}

/** Said before work finds no place. */
function LowRoom() {
  const room = useRoom();
  if (room === undefined || room > LOW_BYTES) return null;
  return <Notice tone="warn">{t("play.low_room", { size: formatBytes(Math.max(room, 0)) })}</Notice>;
}

/** What the browser says we use. Its word on what is left is not to be trusted and not shown. */
function Used() {
  const [bytes, setBytes] = useState<number>();
  useEffect(() => {
    void navigator.storage?.estimate?.().then(({ usage }) => setBytes(usage));
  }, []);
  return <>{bytes === undefined ? "" : t("downloads.used", { size: formatBytes(bytes) })}</>;
}

function TariffForm() {
  const { userId } = useEngine();
  const tariff = tariffOf(userId);
  function change(event: Event): void {
    const data = new FormData(event.currentTarget as HTMLFormElement); // The form that has this listener.
    const perMegabyte = Number(String(data.get("price")).replace(",", "."));
    keepTariff(userId, perMegabyte > 0 ? { perMegabyte, currency: String(data.get("currency")) } : null);
  }
  return (
    <form class="card stack" onChange={change} onSubmit={(event) => event.preventDefault()}>
      <h2>{t("tariff.title")}</h2>
      <p class="soft small">{t("tariff.lead")}</p>
      <div class="row">
        <div class="grow">
          <Field label={t("tariff.price")}>
            {(props) => (
              <input
                {...props}
                name="price"
                inputMode="decimal"
                defaultValue={tariff ? String(tariff.perMegabyte) : ""}
              />
            )}
          </Field>
        </div>
        <Field label={t("tariff.currency")}>
          {(props) => (
            <select {...props} name="currency" defaultValue={tariff?.currency ?? CURRENCIES[0]}>
              {CURRENCIES.map((currency) => (
                <option key={currency} value={currency} selected={currency === tariff?.currency}>
                  {currency}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
    </form>
  );
}
