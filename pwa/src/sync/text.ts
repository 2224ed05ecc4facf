/**
 * TEXT: three-way by line, then by word; where both changed the same words, both stay, marked. The same as the server's
 * `sync/merge/three_way.py`, letter for letter: `vectors.json` holds the cases. Pure.
 */

export interface Text3 {
  readonly text: string;
  readonly isOverlapping: boolean;
}

type Tokens = readonly string[];
type Resolve = (was: Tokens, one: Tokens, other: Tokens) => Text3;
type Pair = readonly [number, number];

const EXACT_CELLS_MAX = 4_096; // A gap of at most so many pairs is compared exactly.
const LINE = /[^\n]*\n|[^\n]+/g;
const WORD = /<[^<>]*>|[ \t\r\n]+|[^ \t\r\n<]+|</g;
const BLANK = " \t\r\n";

/** What `was` becomes when it was changed into `one` here and into `other` there. The sides may be swapped. */
export function mergeText(was: string, one: string, other: string): Text3 {
  return merge(cut(LINE, was), cut(LINE, one), cut(LINE, other), (w, a, b) =>
    merge(cut(WORD, w.join("")), cut(WORD, a.join("")), cut(WORD, b.join("")), marked),
  );
}

/** The same for a list of elements; where both changed the same ones, the first side's stand until the server has answered. */
export function mergeLists(was: readonly unknown[], one: readonly unknown[], other: readonly unknown[]): unknown[] {
  const tokens = (list: readonly unknown[]) => list.map((element) => `${JSON.stringify(element)}\n`);
  const merged = merge(tokens(was), tokens(one), tokens(other), (before, mine, theirs) => ({
    text: [...mine, ...(before.length === 0 ? theirs : [])].join(""),
    isOverlapping: true,
  }));
  return merged.text
    .split("\n")
    .slice(0, -1)
    .map((element) => JSON.parse(element));
}

const cut = (pattern: RegExp, text: string): Tokens => text.match(pattern) ?? [];

function merge(was: Tokens, one: Tokens, other: Tokens, resolve: Resolve): Text3 {
  const inOne = new Map(matches(was, one));
  const inOther = new Map(matches(was, other));
  const texts: string[] = [];
  let isOverlapping = false;
  let [i, a, b] = [0, 0, 0];
  for (let k = 0; k <= was.length; k++) {
    const isEnd = k === was.length;
    const nextA = isEnd ? one.length : inOne.get(k);
    const nextB = isEnd ? other.length : inOther.get(k);
    if (nextA === undefined || nextB === undefined) continue;
    const between = resolved(was.slice(i, k), one.slice(a, nextA), other.slice(b, nextB), resolve);
    texts.push(between.text, was[k] ?? "");
    isOverlapping ||= between.isOverlapping;
    [i, a, b] = [k + 1, nextA + 1, nextB + 1];
  }
  return { text: texts.join(""), isOverlapping };
}

/** What lies between two tokens that both sides kept. */
function resolved(was: Tokens, one: Tokens, other: Tokens, resolve: Resolve): Text3 {
  if (isSame(one, other) || isSame(other, was)) return { text: one.join(""), isOverlapping: false };
  if (isSame(one, was)) return { text: other.join(""), isOverlapping: false };
  return resolve(was, one, other);
}

/** Both, in an order that does not depend on who came first. What they made alike of the same words stands once. */
function marked(was: Tokens, one: Tokens, other: Tokens): Text3 {
  const [head, tail] = was.length > 0 ? commonEnds(one, other) : [0, 0];
  const own = (side: Tokens) => side.slice(head, side.length - tail).join("");
  const [first = "", second = ""] = [own(one), own(other)].sort(byCodePoint);
  const middle = /[^ \t\r\n]/.test(first) ? mark(first) + mark(second) : first + second;
  const text = one.slice(0, head).join("") + middle + one.slice(one.length - tail).join("");
  return { text, isOverlapping: true };
}

/** By its ends alone: a pattern with a run of blanks at either end takes n² steps on one in the middle. */
function mark(text: string): string {
  let [head, end] = [0, text.length];
  while (head < end && BLANK.includes(text.charAt(head))) head++;
  while (end > head && BLANK.includes(text.charAt(end - 1))) end--;
  return `${text.slice(0, head)}⟦${text.slice(head, end)}⟧${text.slice(end)}`;
}

function byCodePoint(one: string, other: string): number {
  const [a, b] = [[...one], [...other]];
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const step = (a[i]?.codePointAt(0) ?? 0) - (b[i]?.codePointAt(0) ?? 0);
    if (step !== 0) return step;
  }
  return a.length - b.length;
}

const isSame = (one: Tokens, other: Tokens): boolean =>
  one.length === other.length && one.every((token, index) => token === other[index]);

/** How many tokens two sequences share at their beginning, and of the rest at their end. */
function commonEnds(one: Tokens, other: Tokens): Pair {
  const shorter = Math.min(one.length, other.length);
  let head = 0;
  while (head < shorter && one[head] === other[head]) head++;
  let tail = 0;
  while (tail < shorter - head && one[one.length - 1 - tail] === other[other.length - 1 - tail]) tail++;
  return [head, tail];
}

/** Pairs of places with equal tokens, rising on both sides. */
function matches(one: Tokens, other: Tokens): Pair[] {
  const found: Pair[] = [];
  const gaps: (readonly [number, number, number, number])[] = [[0, one.length, 0, other.length]];
  for (let gap = gaps.pop(); gap; gap = gaps.pop()) {
    let [a0, a1, b0, b1] = gap;
    const [head, tail] = commonEnds(one.slice(a0, a1), other.slice(b0, b1));
    for (let step = 0; step < head; step++) found.push([a0 + step, b0 + step]);
    for (let step = 1; step <= tail; step++) found.push([a1 - step, b1 - step]);
    [a0, a1, b0, b1] = [a0 + head, a1 - tail, b0 + head, b1 - tail];
    const [left, right] = [one.slice(a0, a1), other.slice(b0, b1)];
    const isSmall = left.length * right.length <= EXACT_CELLS_MAX;
    const pairs = (isSmall ? exactly(left, right) : anchors(left, right)).map(([i, j]): Pair => [a0 + i, b0 + j]);
    found.push(...pairs);
    if (isSmall || pairs.length === 0) continue;
    let [i, j] = [a0, b0];
    for (const [k, m] of [...pairs, [a1, b1] as const]) {
      gaps.push([i, k, j, m]);
      [i, j] = [k + 1, m + 1];
    }
  }
  return found.sort((x, y) => x[0] - y[0]);
}

/** A longest common subsequence. */
function exactly(one: Tokens, other: Tokens): Pair[] {
  const width = other.length + 1;
  const longest = new Uint16Array((one.length + 1) * width);
  const at = (i: number, j: number): number => longest[i * width + j] ?? 0;
  for (let i = one.length - 1; i >= 0; i--) {
    for (let j = other.length - 1; j >= 0; j--) {
      longest[i * width + j] = one[i] === other[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const found: Pair[] = [];
  let [i, j] = [0, 0];
  while (i < one.length && j < other.length) {
    if (one[i] === other[j]) found.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return found;
}

/** Tokens that stand once on each side, as many of them as rise on both. */
function anchors(one: Tokens, other: Tokens): Pair[] {
  const inOne = once(one);
  const inOther = once(other);
  const pairs: Pair[] = [];
  for (const [token, place] of inOne) {
    const there = inOther.get(token);
    if (there !== undefined) pairs.push([place, there]);
  }
  pairs.sort((x, y) => x[0] - y[0]);
  const runs: number[] = []; // Which pair ends a rising run of each length with the least place.
  const before: number[] = [];
  pairs.forEach(([, place], index) => {
    let [low, high] = [0, runs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((pairs[runs[middle] ?? 0]?.[1] ?? 0) < place) low = middle + 1;
      else high = middle;
    }
    before.push(runs[low - 1] ?? -1);
    runs[low] = index;
  });
  const rising: Pair[] = [];
  for (let index = runs.at(-1) ?? -1; index >= 0; index = before[index] ?? -1) rising.push(pairs[index] as Pair);
  return rising.reverse();
}

/** The places of the tokens that stand once. */
function once(tokens: Tokens): Map<string, number> {
  const places = new Map<string, number>();
  const often = new Set<string>();
  tokens.forEach((token, place) => {
    if (places.has(token)) often.add(token);
    else places.set(token, place);
  });
  for (const token of often) places.delete(token);
  return places;
}
