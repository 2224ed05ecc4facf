/**
 * LIST: where a row stands in its list, as a text that sorts. The same as the server's `sync/merge/place.py`:
 *
 *     a3            whole part: one letter says its length ("a" one digit, "b" two … "Z" one below zero, "Y" two …)
 *       V           fraction, only where it is needed
 *        hbkcoapd   the last eight hex digits of the row's id, written a…p: no two rows have one place
 */

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const HEADS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH_MAX = 200;

/** A place for the row behind `before` and before `behind`; null: at that end. Throws RangeError where there is none. */
export function placeBetween(before: string | null, behind: string | null, rowId: string): string {
  if (before !== null && behind !== null && before >= behind) throw new RangeError("these two are in no order");
  const place = headBetween(before, behind) + tagOf(rowId);
  if (place.length > LENGTH_MAX) throw new RangeError("too many rows were put into this one gap");
  return place;
}

/** The place of the row with this index, from 0, in a list that is made whole. */
export function placeAt(index: number, rowId: string): string {
  let [length, first] = [1, 0];
  while (index - first >= DIGITS.length ** length) first += DIGITS.length ** length++;
  let digits = "";
  for (let rest = index - first; digits.length < length; rest = Math.floor(rest / DIGITS.length)) {
    digits = DIGITS.charAt(rest % DIGITS.length) + digits;
  }
  return HEADS.charAt(25 + length) + digits + tagOf(rowId);
}

const tagOf = (rowId: string): string =>
  [...rowId.replaceAll("-", "").slice(-8)]
    .map((digit) => "abcdefghijklmnop".charAt(Number.parseInt(digit, 16)))
    .join("");

function headBetween(before: string | null, behind: string | null): string {
  if (before === null) return behind === null ? "a0" : lower(behind);
  const [whole, fraction] = split(before);
  if (behind === null) return stepped(whole, 1) ?? whole + fractionBetween(fraction, null);
  const [wholeBehind, fractionBehind] = split(behind);
  if (whole === wholeBehind) return whole + fractionBetween(fraction, fractionBehind);
  const higher = stepped(whole, 1);
  return higher !== null && higher < wholeBehind ? higher : whole + fractionBetween(fraction, null);
}

function lower(place: string): string {
  const [whole, fraction] = split(place);
  return stepped(whole, -1) ?? whole + fractionBetween("", fraction);
}

/** Digits above `low` and below `high` (null: below everything that begins so), whatever is written behind them. */
function fractionBetween(low: string, high: string | null): string {
  let [found, rest, limit] = ["", low, high];
  for (;;) {
    const first = rest ? DIGITS.indexOf(rest.charAt(0)) : 0;
    const last = limit === null ? DIGITS.length : limit ? DIGITS.indexOf(limit.charAt(0)) : 0;
    if (last - first > 1) return found + DIGITS.charAt((first + last) >> 1);
    found += DIGITS.charAt(first);
    limit = first === last && limit !== null ? limit.slice(1) : null;
    rest = rest.slice(1);
  }
}

function split(place: string): [string, string] {
  const length = wholeLength(place);
  return [place.slice(0, length), place.slice(length)];
}

function wholeLength(place: string): number {
  const head = HEADS.indexOf(place.charAt(0));
  if (head < 0) throw new RangeError("this is no place in a list");
  return head >= 26 ? head - 24 : 27 - head;
}

/** The whole part one higher or one lower; null beyond the last of them. */
function stepped(whole: string, step: 1 | -1): string | null {
  const [full, empty] = step === 1 ? ["z", "0"] : ["0", "z"];
  let end = whole.length;
  while (end > 1 && whole.charAt(end - 1) === full) end--;
  if (end > 1) {
    const digit = DIGITS.charAt(DIGITS.indexOf(whole.charAt(end - 1)) + step);
    return whole.slice(0, end - 1) + digit + empty.repeat(whole.length - end);
  }
  const head = HEADS.charAt(HEADS.indexOf(whole.charAt(0)) + step);
  return head === "" ? null : head + empty.repeat(wholeLength(head) - 1);
}
