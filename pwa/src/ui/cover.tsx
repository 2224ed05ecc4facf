/** A course's picture, drawn from its id: no bytes to download, the same on every phone. */

import "./cover.css";

const HUES = 6;

export function hueOf(seed: string): number {
  return numberOf(seed) % HUES;
}

/** FNV-1a, then MurmurHash3's last mix: ids that differ in one sign give pictures that differ throughout. */
function numberOf(seed: string): number {
  let value = 0x811c9dc5;
  for (const char of seed) value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/** Arcs, waves and circles on a grid of 4 × 2 tiles. */
export function Cover({ seed }: { seed: string }) {
  const value = numberOf(seed);
  const tiles = Array.from({ length: 8 }, (_none, index) => {
    const own = numberOf(`${seed}${index}`);
    const kind = own & 3;
    const turn = ((own >>> 2) & 3) * 90;
    return (
      <g key={index} transform={`translate(${(index % 4) * 40} ${Math.floor(index / 4) * 40}) rotate(${turn} 20 20)`}>
        {kind === 0 && <path class="a" d="M0 0h40A40 40 0 0 1 0 40z" />}
        {kind === 1 && <path class="b" d="M0 40A20 20 0 0 1 40 40zM0 20A20 20 0 0 1 40 20z" />}
        {kind === 2 && <circle class="c" cx="20" cy="20" r="13" />}
        {kind === 3 && <path class="b" d="M0 0h40v40z" />}
      </g>
    );
  });
  return (
    <svg
      class={`cover hue-${value % HUES}`}
      viewBox="0 0 160 80"
      preserveAspectRatio="xMidYMid slice"
      aria-hidden="true"
    >
      {tiles}
    </svg>
  );
}
