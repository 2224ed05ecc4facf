/** Spans of time in seconds, as the editions write them. */

export function secondsOf(span: string): number {
  const clock = /^(\d+):(\d+):(\d+(?:\.\d+)?)$/.exec(span);
  if (clock) return Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3]);
  const iso = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(span);
  if (!iso) return 0;
  const [years, months, days, hours, minutes, seconds] = iso.slice(1).map((one) => Number(one ?? 0));
  return (
    ((((years ?? 0) * 365 + (months ?? 0) * 30 + (days ?? 0)) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 +
    (seconds ?? 0)
  );
}

const two = (n: number) => String(n).padStart(2, "0");

/** 1.2: HHHH:MM:SS.SS */
export function clockOf(seconds: number): string {
  const hours = Math.min(9999, Math.floor(seconds / 3600));
  const rest = (seconds % 60).toFixed(2).padStart(5, "0");
  return `${String(hours).padStart(4, "0")}:${two(Math.floor((seconds % 3600) / 60))}:${rest}`;
}

/** 2004: PT1H2M3.5S */
export function isoOf(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  const rest = Number((seconds % 60).toFixed(2));
  return `PT${hours ? `${hours}H` : ""}${minutes ? `${minutes}M` : ""}${rest || (!hours && !minutes) ? `${rest}S` : ""}`;
}
