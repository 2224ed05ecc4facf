/** What a megabyte costs this person, if they told us. Kept on this phone only. */

import { signal } from "@preact/signals";

export interface Tariff {
  readonly perMegabyte: number;
  readonly currency: string;
}

export const CURRENCIES = ["UZS", "IDR", "RUB", "USD"] as const;

const told = signal(0); // Raised by each change, so that prices on the screen follow.

export function tariffOf(userId: string): Tariff | null {
  told.value;
  const stored = localStorage.getItem(`spark-tariff-${userId}`);
  return stored === null ? null : (JSON.parse(stored) as Tariff); // Written by keepTariff alone.
}

export function keepTariff(userId: string, tariff: Tariff | null): void {
  if (tariff === null) localStorage.removeItem(`spark-tariff-${userId}`);
  else localStorage.setItem(`spark-tariff-${userId}`, JSON.stringify(tariff));
  told.value += 1;
}
