/**
 * From wish to op to receipt.
 *
 *     made ──(merged with unsent neighbours)──► outbox ──number and bytes──► sent ──receipt──► journal ──14 days──► gone
 *
 * Numbers are contiguous from 1 for a device id; the bytes of a number never change. Fork: a new device id, everything
 * numbered anew, identities kept, so that what was applied already is recognised.
 */

import { newId } from "../ids.js";
import type { Device, Edit, Entry, Mine } from "./mine.js";
import type { Mark, Receipt } from "./wire.js";
import { batchKey, batchOf, freeze, type Wish, wishOf } from "./wish.js";

const GROUP_PAUSE_MS = 300; // A group is complete when nothing was added to it for so long.
const GROUP_MORE_MS = 10_000; // The same where its next member was being kept already: a slow disk must not part them.
const OPS_MAX = 500;
const JOURNAL_MS = 14 * 24 * 3600 * 1000;
const JOURNAL_BYTES = 2 * 1024 * 1024;

// --- towards a request ----------------------------------------------------------------------------------------------

/** Wishes that stand or fall together in a request. */
export type Unit = readonly Entry[];

export const hasUnsent = (mine: Mine): boolean => sendable(mine).length > 0 || mine.list("outbox").some(isFresh);

export interface Limit {
  readonly bytes: number;
  readonly units: number;
  /** False while nobody answers: what has no number yet may still be merged, and fifty answers become one op. */
  readonly mayNumber: boolean;
}

/** Numbered ops without a receipt, and journalled ones that the server has lost again. */
function sendable(mine: Mine): Entry[] {
  const acked = mine.device.acked?.[0] ?? 0;
  const numbered = mine.list().filter(({ wish, shelf }) => wish.n !== null && (shelf === "outbox" || wish.n > acked));
  return numbered.sort((a, b) => (a.wish.n ?? 0) - (b.wish.n ?? 0));
}

const isFresh = ({ wish }: Entry): boolean => wish.n === null && wish.refused === null;

/** Number what is ready, durably, and choose what the next request carries: units in order of n, at least one if there is one. */
export async function nextOps(mine: Mine, limit: Limit, now: number): Promise<Unit[]> {
  if (limit.mayNumber && sendable(mine).length < limit.units) await numberFresh(mine, limit, now);
  const units = unitsOf(sendable(mine));
  const chosen: Unit[] = [];
  let [bytes, ops] = [0, 0];
  for (const unit of units) {
    bytes += unit.reduce((sum, { wish }) => sum + (wish.text?.length ?? 0), 0);
    ops += unit.length;
    if (chosen.length > 0 && (bytes > limit.bytes || ops > OPS_MAX || chosen.length >= limit.units)) break;
    chosen.push(unit);
  }
  return chosen;
}

function unitsOf(entries: readonly Entry[]): Unit[] {
  const units: Entry[][] = [];
  for (const entry of entries) {
    const last = units.at(-1);
    const isSame =
      entry.wish.group !== null && last?.[0]?.wish.group === entry.wish.group && last.length < entry.wish.groupSize;
    if (isSame) last?.push(entry);
    else units.push([entry]);
  }
  return units;
}

async function numberFresh(mine: Mine, limit: Limit, now: number): Promise<void> {
  const edits: Edit[] = [];
  let next = mine.device.next;
  let bytes = 0;
  const fresh = mine.list("outbox").filter(isFresh);
  const taken = new Set(mine.list().flatMap(({ wish }) => (wish.n === null ? [] : (wish.group ?? []))));
  for (const { wish, entries } of ready(fresh, now + mine.clock.offset, taken)) {
    const frozen = await freeze({ ...wish, after: wish.after.map((identity) => carrier(mine, identity)) }, next++);
    bytes += frozen.text?.length ?? 0;
    edits.push(...entries.map((entry, i): Edit => ({ entry, shelf: "outbox", wish: i === 0 ? frozen : null })));
    // A group whose first is numbered is numbered whole: never stop inside one.
    const isInGroup = wish.group !== null;
    if (!isInGroup && (bytes > limit.bytes || next - mine.device.next >= OPS_MAX)) break;
  }
  if (edits.length > 0) await mine.save({ edits, was: mine.device, device: { ...mine.device, next } });
}

/** A wish that travelled in a batch is known to the server by the batch's name. */
function carrier(mine: Mine, identity: string): string {
  const found = mine.list().find(({ wish }) => wish.items.some((item) => item.identity === identity));
  return found?.wish.identity ?? identity;
}

interface Ready {
  readonly wish: Wish;
  readonly entries: Entry[]; // That it replaces.
}

/** What may be numbered now. A group still being made holds back what follows it; `taken` names of groups are another's. */
function ready(fresh: readonly Entry[], now: number, taken: ReadonlySet<string>): Ready[] {
  const out: Ready[] = [];
  const batches = new Map<string, Entry[]>();
  const gone = new Set<Entry>();
  const names = new Set(taken);
  for (const entry of fresh) {
    const { wish } = entry;
    if (gone.has(entry)) continue; // It went with the first of its group.
    if (wish.kind === "command") batches.clear(); // Nothing passes a command: it may depend on what was made before it.
    const key = batchKey(wish);
    const batch = key === null ? undefined : batches.get(key);
    if (batch) batch.push(entry);
    else if (wish.group !== null) {
      const members = fresh.filter((one) => one.wish.group === wish.group && one.wish.again === wish.again);
      if (isBeingMade(members, now)) break;
      for (const member of members) gone.add(member);
      out.push(...grouped(members, wish.group, names));
    } else {
      const entries = [entry];
      if (key !== null) batches.set(key, entries);
      out.push({ wish, entries });
    }
  }
  return out.map(together);
}

/** A clock that was set back says nothing of how long ago: then nobody is waited for. */
function isBeingMade(members: readonly Entry[], now: number): boolean {
  const last = members.at(-1)?.wish;
  const isMoreComing = last?.isMoreComing ?? false;
  return Math.abs(now - (last?.at[0] ?? 0)) < (isMoreComing ? GROUP_MORE_MS : GROUP_PAUSE_MS);
}

/**
 * One group on the wire: its members have numbers in a row, and a name that no other has, so that a late member is never
 * counted to those that went without it. SPEC H10: what was a group once and is not whole any more is none.
 */
function grouped(members: readonly Entry[], name: string, names: Set<string>): Ready[] {
  const isWhole = members.every(({ wish }) => !wish.again || wish.groupSize === members.length);
  const group = !isWhole ? null : names.has(name) ? newId() : name;
  if (group !== null) names.add(group);
  const groupSize = isWhole ? members.length : 0;
  return members.map((entry) => ({ wish: { ...entry.wish, group, groupSize }, entries: [entry] }));
}

function together({ wish, entries }: Ready): Ready {
  if (entries.length === 1) return { wish, entries };
  const wishes = entries.map((one) => one.wish);
  return { wish: batchOf(wishes, newId()), entries };
}

// --- answers --------------------------------------------------------------------------------------------------------

export type Verdict = "kept" | "fork";

/** Store an answer's receipts and watermark; say whether this phone and the server still mean the same numbers. */
export async function storeAnswer(
  mine: Mine,
  answer: { readonly watermark: Mark | null; readonly receipts: readonly Receipt[]; readonly expected: number | null },
  offset: number,
  trim: { readonly settled: number; readonly now: number },
): Promise<{ verdict: Verdict; seqs: number[] }> {
  const byNumber = new Map(
    mine.list().flatMap((entry) => (entry.wish.n === null ? [] : [[entry.wish.n, entry] as const])),
  );
  if (isForked(mine.device, byNumber, answer)) return { verdict: "fork", seqs: [] };
  const edits = answer.receipts.flatMap((receipt): Edit[] => {
    const entry = byNumber.get(receipt.n);
    return entry ? [{ entry, shelf: "journal", wish: { ...entry.wish, receipt } }] : [];
  });
  const acked = ackedAfter(mine.device, answer, byNumber);
  const answered = new Set(answer.receipts.map(({ n }) => n));
  const device = { ...mine.device, acked, confirmed: confirmedAfter(mine.device, acked, byNumber, answered) };
  edits.push(
    ...trimmed(
      mine,
      Math.min(trim.settled, acked?.[0] ?? 0),
      trim.now,
      new Set(edits.map(({ entry }) => entry?.seq ?? 0)),
    ),
  );
  const clock = { ...mine.clock, offset };
  const seqs = await mine.save({ edits, was: mine.device, device, clock });
  return { verdict: "kept", seqs };
}

function isForked(
  device: Device,
  byNumber: ReadonlyMap<number, Entry>,
  answer: { readonly watermark: Mark | null; readonly expected: number | null },
): boolean {
  if (answer.expected !== null && !byNumber.has(answer.expected) && answer.expected < device.next) return true;
  if (answer.watermark === null || answer.watermark[0] === 0) return false;
  const [n, hash] = answer.watermark;
  if (n >= device.next) return true; // Numbers that we never gave: this store was copied, or put back.
  const ours = byNumber.get(n)?.wish.hash ?? (device.confirmed?.[0] === n ? device.confirmed[1] : null);
  if (ours === null) return n < (device.confirmed?.[0] ?? 0); // Rewound to a number that we cannot check any more.
  return ours !== hash;
}

function ackedAfter(
  device: Device,
  answer: { readonly watermark: Mark | null; readonly expected: number | null },
  byNumber: ReadonlyMap<number, Entry>,
): Mark | null {
  if (answer.expected === null) return answer.watermark ?? device.acked;
  const before = answer.expected - 1;
  return before === 0 ? null : [before, byNumber.get(before)?.wish.hash ?? ""];
}

/** The highest number below which nothing lacks its receipt, never above the server's watermark. */
function confirmedAfter(
  device: Device,
  acked: Mark | null,
  byNumber: ReadonlyMap<number, Entry>,
  answered: ReadonlySet<number>,
): Mark | null {
  const from = Math.min(device.confirmed?.[0] ?? 0, acked?.[0] ?? 0);
  let confirmed = from === (device.confirmed?.[0] ?? 0) ? device.confirmed : null;
  for (let n = from === 0 ? 1 : from; n <= (acked?.[0] ?? 0); n++) {
    const wish = byNumber.get(n)?.wish;
    if (n === from && wish === undefined) continue;
    if (wish === undefined || (wish.receipt === null && !answered.has(n))) break;
    confirmed = [n, wish.hash ?? ""];
  }
  return confirmed;
}

function trimmed(mine: Mine, upTo: number, now: number, skip: ReadonlySet<number>): Edit[] {
  const journal = mine.list("journal").filter(({ seq }) => !skip.has(seq));
  let bytes = journal.reduce((sum, { wish }) => sum + (wish.text?.length ?? 0), 0);
  const out: Edit[] = [];
  for (const unit of unitsOf(journal)) {
    const size = unit.reduce((sum, { wish }) => sum + (wish.text?.length ?? 0), 0);
    const isOld = unit.every(({ wish }) => now - wish.at[0] > JOURNAL_MS);
    const isCovered = unit.every(({ wish }) => wish.n !== null && wish.n <= upTo);
    if (!isCovered || !(isOld || bytes > JOURNAL_BYTES)) break;
    out.push(...unit.map((entry): Edit => ({ entry, shelf: "journal", wish: null })));
    bytes -= size;
  }
  return out;
}

/** A new device id; journal, then outbox, to be numbered again from 1. */
export async function fork(mine: Mine): Promise<void> {
  const all = [...mine.list("journal"), ...mine.list("outbox")].filter(({ wish }) => wish.kind !== "void");
  const edits = all.map((entry): Edit => {
    const { wish } = entry;
    const bare = { ...wish, n: null, text: null, hash: null, receipt: null };
    return { entry, shelf: "outbox", wish: { ...bare, again: wish.again || wish.n !== null } };
  });
  const voids = mine.list().filter(({ wish }) => wish.kind === "void");
  edits.push(...voids.map((entry): Edit => ({ entry, shelf: entry.shelf, wish: null })));
  const device = { id: newId(), next: 1, acked: null, confirmed: null, fence: mine.device.fence };
  await mine.save({ edits, was: mine.device, device });
}

/** Set a unit aside that no request may carry, and use its numbers for nothing. */
export async function setAside(mine: Mine, unit: Unit, refused: { code: string; message: string }): Promise<void> {
  const edits: Edit[] = [];
  for (const entry of unit) {
    const { n, at } = entry.wish;
    edits.push({ entry, shelf: "outbox", wish: { ...entry.wish, n: null, text: null, hash: null, refused } });
    const blank = wishOf({ identity: newId(), kind: "void", name: "", id: null, args: {} }, at);
    if (n !== null) edits.push({ entry: null, shelf: "outbox", wish: await freeze(blank, n) });
  }
  await mine.save({ edits, was: mine.device });
}
