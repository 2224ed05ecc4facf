/** Ed25519 (RFC 8032), checking alone: half of the phones in use have a browser that cannot. Nothing here is secret. */

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (a: bigint, m = P) => ((a % m) + m) % m;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let e = exponent, b = mod(base); e > 0n; e >>= 1n, b = mod(b * b)) if (e & 1n) result = mod(result * b);
  return result;
}

const D = mod(-121665n * power(121666n, P - 2n));
const ROOT = power(2n, (P - 1n) / 4n); // Of -1.

/** X = x·z, Y = y·z, T = x·y·z */
type Point = readonly [x: bigint, y: bigint, z: bigint, t: bigint];

const ZERO: Point = [0n, 1n, 1n, 0n];

function add([x1, y1, z1, t1]: Point, [x2, y2, z2, t2]: Point): Point {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * t1 * t2 * D);
  const d = mod(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

const negative = ([x, y, z, t]: Point): Point => [mod(-x), y, z, mod(-t)];

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(
    `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
      .reverse()
      .join("")}`,
  );
}

/** Null: no point of the curve, or not written in the one way that is allowed. */
function pointOf(bytes: Uint8Array): Point | null {
  const number = numberOf(bytes);
  const [y, sign] = [number & (2n ** 255n - 1n), number >> 255n];
  if (y >= P) return null;
  const [u, v] = [mod(y * y - 1n), mod(D * y * y + 1n)];
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
  if (mod(v * x * x) !== u) x = mod(x * ROOT);
  if (mod(v * x * x) !== u || (x === 0n && sign === 1n)) return null;
  if ((x & 1n) !== sign) x = mod(-x);
  return [x, y, 1n, mod(x * y)];
}

const BASE = pointOf(Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0x58 : 0x66))) ?? ZERO;

/** a·A + b·B, in one pass over their bits. */
function sum(a: bigint, A: Point, b: bigint, B: Point): Point {
  const both = add(A, B);
  let result = ZERO;
  for (let bit = 255n; bit >= 0n; bit -= 1n) {
    result = add(result, result);
    const [inA, inB] = [(a >> bit) & 1n, (b >> bit) & 1n];
    if (inA && inB) result = add(result, both);
    else if (inA) result = add(result, A);
    else if (inB) result = add(result, B);
  }
  return result;
}

/** Whether this key signed these bytes. False for whatever is none of the three. */
export async function isSignedBy(
  key: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  body: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  if (key.length !== 32 || signature.length !== 64) return false;
  const [encoded, s] = [signature.subarray(0, 32), numberOf(signature.subarray(32))];
  const [A, R] = [pointOf(key), pointOf(encoded)];
  if (!A || !R || s >= L) return false;
  const hashed = new Uint8Array([...encoded, ...key, ...body]);
  const k = mod(numberOf(new Uint8Array(await crypto.subtle.digest("SHA-512", hashed))), L);
  const [x, y, z] = sum(s, BASE, k, negative(A));
  return mod(R[0] * z - x) === 0n && mod(R[1] * z - y) === 0n;
}
