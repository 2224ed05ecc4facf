/** How many attempts reached which tenth: ten bars, the same numbers in words for those who do not see them. */

import "./distribution.css";
import { formatPpm } from "../../../words/format.ts";
import { t } from "../../../words/index.ts";

const BINS = 10;
const HIGH = 80;

export function binsOf(scores: readonly number[]): readonly number[] {
  const bins = Array.from({ length: BINS }, () => 0);
  for (const score of scores) {
    const bin = Math.min(BINS - 1, Math.floor((score / 1_000_000) * BINS));
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return bins;
}

export function Distribution({ scores, passPpm }: { scores: readonly number[]; passPpm: number }) {
  const bins = binsOf(scores);
  const most = Math.max(...bins, 1);
  const pass = (passPpm / 1_000_000) * 300;
  return (
    <figure class="card bars">
      <svg viewBox="0 -14 300 118" role="img" aria-label={bins.map((n, bin) => `${bin * 10} %: ${n}`).join(", ")}>
        {bins.map((n, bin) => {
          const height = (n / most) * HIGH;
          const isBelow = (bin + 1) * (1_000_000 / BINS) <= passPpm;
          return (
            <g key={bin}>
              <rect
                class={isBelow ? "below" : ""}
                x={bin * 30 + 3}
                y={HIGH - height}
                width="24"
                height={height}
                rx="3"
              />
              {n > 0 && (
                <text x={bin * 30 + 15} y={HIGH - height - 4}>
                  {n}
                </text>
              )}
            </g>
          );
        })}
        <path d={`M0 ${HIGH}h300`} />
        <path class="pass" d={`M${pass} -14V${HIGH}`} />
        <text class="soft" x="3" y="98" text-anchor="start">
          {formatPpm(0)}
        </text>
        <text class="soft" x={pass} y="98">
          {formatPpm(passPpm)}
        </text>
        <text class="soft" x="297" y="98" text-anchor="end">
          {formatPpm(1_000_000)}
        </text>
      </svg>
      <figcaption class="soft small">{t("results.chart")}</figcaption>
    </figure>
  );
}
