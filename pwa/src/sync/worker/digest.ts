/**
 * The digest of a row: the first 64 bits of MD5 over its line as sent, as two unsigned halves. Of a set: count and XOR.
 *
 * Not for security: it finds lines that were lost or torn. Our own MD5 (RFC 1321), because a library brings its hex and
 * its classes, weighs four times as much and hands out strings where two numbers are wanted.
 */

export interface Digest {
  count: number;
  hi: number;
  lo: number;
}

const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const SINES = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32));
const block = new Int32Array(16);
const state = new Int32Array(4);
const tail = new Uint8Array(128);

/** Put the 64 bits of `bytes` into `into[at]` (high half) and `into[at + 1]`. */
export function digestLine(bytes: Uint8Array): readonly [hi: number, lo: number] {
  state.set([0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476]);
  const whole = bytes.length & ~63;
  for (let at = 0; at < whole; at += 64) mix(bytes, at);
  const rest = bytes.length - whole;
  const padded = rest < 56 ? 64 : 128;
  tail.fill(0);
  tail.set(bytes.subarray(whole));
  tail[rest] = 0x80;
  new DataView(tail.buffer).setUint32(padded - 8, bytes.length << 3, true);
  new DataView(tail.buffer).setUint32(padded - 4, bytes.length >>> 29, true);
  for (let at = 0; at < padded; at += 64) mix(tail, at);
  return [swap(state[0] ?? 0), swap(state[1] ?? 0)];
}

function mix(bytes: Uint8Array, at: number): void {
  for (let i = 0; i < 16; i++) {
    const p = at + i * 4;
    block[i] = word(bytes, p);
  }
  let [a = 0, b = 0, c = 0, d = 0] = state;
  for (let i = 0; i < 64; i++) {
    const round = i >> 4;
    const f =
      round === 0 ? (b & c) | (~b & d) : round === 1 ? (d & b) | (~d & c) : round === 2 ? b ^ c ^ d : c ^ (b | ~d);
    const g = round === 0 ? i : round === 1 ? (5 * i + 1) & 15 : round === 2 ? (3 * i + 5) & 15 : (7 * i) & 15;
    const sum = (a + f + (SINES[i] as number) + (block[g] as number)) | 0; // Both indexes are below the lengths.
    const shift = SHIFTS[round * 4 + (i & 3)] as number; // Sixteen entries, index below sixteen.
    a = d;
    d = c;
    c = b;
    b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
  }
  state.set([(state[0] ?? 0) + a, (state[1] ?? 0) + b, (state[2] ?? 0) + c, (state[3] ?? 0) + d]);
}

function word(bytes: Uint8Array, p: number): number {
  return (bytes[p] ?? 0) | ((bytes[p + 1] ?? 0) << 8) | ((bytes[p + 2] ?? 0) << 16) | ((bytes[p + 3] ?? 0) << 24);
}

/** MD5 counts little-endian, its hex is read big-endian. */
function swap(value: number): number {
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

/** As the server writes it: `812:9f3c…`, sixteen hex digits. */
export function digestText(digest: Digest): string {
  const hex = (half: number) => (half >>> 0).toString(16).padStart(8, "0");
  return `${digest.count}:${hex(digest.hi)}${hex(digest.lo)}`;
}
