/** Numbers, sizes, money and dates as people of each language write them.
 *
 * Uzbek has its own tables: browsers say that they know `uz` and print "2026 M09 5".
 */

import { language, t, tn } from "./index.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const UZ_MONTHS = "yanvar fevral mart aprel may iyun iyul avgust sentabr oktabr noyabr dekabr".split(" ");

export function formatNumber(value: number, digits = 0): string {
  return value.toLocaleString(language.value, { maximumFractionDigits: digits });
}

/** Parts of a million as whole percent. */
export function formatPpm(ppm: number): string {
  return (ppm / 1_000_000).toLocaleString(language.value, { style: "percent" });
}

/** Bytes in the unit that a data plan is sold in, as exactly as money is counted: "0.41 MB", below 100 KB "34 KB". */
export function formatBytes(bytes: number): string {
  if (bytes < 100_000) return t("size.kb", { n: formatNumber(Math.ceil(bytes / 1000)) });
  const digits = bytes < 1_000_000 ? 2 : bytes < 10_000_000 ? 1 : 0;
  return t("size.mb", { n: formatNumber(bytes / 1_000_000, digits) });
}

export function formatMoney(amount: number, currency: string): string {
  return amount.toLocaleString(language.value, {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
    maximumFractionDigits: amount < 10 ? 2 : 0,
  });
}

/** A length of time, rounded to what a person wants to know. */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return tn("time.seconds", Math.max(1, Math.round(seconds)));
  if (seconds < 3600) return tn("time.minutes", Math.round(seconds / 60));
  return tn("time.hours", Math.round(seconds / 3600));
}

export function formatDate(at: number): string {
  const date = new Date(at);
  const isThisYear = date.getFullYear() === new Date().getFullYear();
  if (language.value === "uz") {
    const day = `${date.getDate()}-${UZ_MONTHS[date.getMonth()]}`;
    return isThisYear ? day : `${day}, ${date.getFullYear()}`;
  }
  return date.toLocaleDateString(language.value, {
    day: "numeric",
    month: "long",
    ...(isThisYear ? {} : { year: "numeric" }),
  });
}

export function formatTime(at: number): string {
  const locale = language.value === "uz" ? "ru" : language.value; // Both write 14:05; `uz` of browsers is not to be trusted.
  return new Date(at).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
}

/** "now", "5 minutes ago", today's time, else the day. */
export function formatAgo(at: number, now = Date.now()): string {
  const age = now - at;
  if (age < MINUTE_MS) return t("time.now");
  if (age < 60 * MINUTE_MS) return tn("time.minutes_ago", Math.round(age / MINUTE_MS));
  if (age < DAY_MS && new Date(at).getDate() === new Date(now).getDate()) return formatTime(at);
  return formatDate(at);
}

/** A row's instant: milliseconds, or RFC 3339 as it crossed the wire. */
export function instant(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return null;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : at;
}
