/** What megabytes cost, if the person told us their tariff. */

import { tariffOf } from "../../../media/tariff.ts";
import { formatMoney } from "../../../words/format.ts";

export function Price({ userId, bytes }: { userId: string; bytes: number }) {
  const tariff = tariffOf(userId);
  if (!tariff) return null;
  return <small> ≈ {formatMoney((bytes / 1_000_000) * tariff.perMegabyte, tariff.currency)}</small>;
}
