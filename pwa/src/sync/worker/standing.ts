/**
 * Where each wish stands against one cut. Pure.
 *
 * The overlay is a function of the shown cut: wishes without a receipt of their own or with n above `settled`, and those
 * whose row of `sync.ops` in that cut says `waiting`. Nothing leaves it for good: after a restore it comes back by itself.
 */

import type { Pending } from "../messages.js";
import type { Fields, OpKind, OutboxItem, Outcome } from "../types.js";
import type { Entry } from "./mine.js";
import type { Wish } from "./wish.js";

/** A row of `sync.ops`: a wish that waits on the server or was refused there, from whichever phone. */
export interface HeldOp {
  readonly id: string;
  readonly identity: string;
  readonly outcome: string; // waiting | parked | applied | replaced | withdrawn
  readonly code: string | null;
  readonly message: string | null;
  readonly at: number;
  readonly kind: string;
  readonly op: Fields; // As it was sent; or a summary of it.
  readonly isShort: boolean;
  readonly bytes: number; // Of the whole.
}

export function heldOp(row: Fields): HeldOp | null {
  const text = String(row.op ?? "");
  const op = parsed(text);
  if (op === null) return null;
  const received = Date.parse(String(row.received_at));
  const at = Array.isArray(op.at) ? Number(op.at[0]) : received;
  return {
    id: String(row.id),
    identity: String(op.op ?? row.identity),
    outcome: String(row.outcome),
    code: typeof row.code === "string" ? row.code : null,
    message: typeof row.message === "string" ? row.message : null,
    at,
    kind: String(row.kind ?? op.kind),
    op,
    isShort: typeof row.bytes === "number",
    bytes: typeof row.bytes === "number" ? row.bytes : text.length,
  };
}

/** The same with the op as its author's phone wrote it. Raises RangeError where that is no op that can be read. */
export function madeWhole(held: HeldOp, text: string): HeldOp {
  const op = parsed(text);
  if (op === null) throw new RangeError("This op cannot be read.");
  return { ...held, op, isShort: false };
}

function parsed(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Fields) : null;
  } catch {
    return null; // Malformed even for the server: it can be shown to staff, not replayed.
  }
}

export interface Standing {
  readonly pending: Pending[]; // In the order in which they were made.
  readonly outbox: OutboxItem[];
  readonly queued: number;
}

export function standing(entries: readonly Entry[], held: readonly HeldOp[], settled: number): Standing {
  const heldBy = new Map(held.map((op) => [op.identity, op]));
  const pending: Pending[] = [];
  const outbox: OutboxItem[] = [];
  const ours = new Set<string>();
  for (const { wish } of entries) {
    if (wish.kind === "void") continue;
    ours.add(wish.identity);
    const isSettled = wish.receipt !== null && wish.n !== null && wish.n <= settled;
    const row = isSettled ? heldBy.get(wish.identity) : undefined; // Before that the row is of an older cut than the wish.
    const state = stateOf(wish, isSettled, row);
    if (state === "received") continue;
    const told = toldOf(wish, state, row);
    if (state !== "not_accepted" || (!isSettled && wish.refused === null)) pending.push(...told.replay);
    outbox.push(told.item);
  }
  for (const op of held) {
    if (ours.has(op.identity) || (op.outcome !== "waiting" && op.outcome !== "parked")) continue;
    if (op.outcome === "waiting") pending.push(...replayOfHeld(op));
    outbox.push(itemOfHeld(op));
  }
  const queued = entries.filter(
    ({ shelf, wish }) => shelf === "outbox" && wish.kind !== "void" && wish.refused === null,
  ).length;
  return { pending: pending.sort(byTime), outbox: outbox.sort(byTime), queued };
}

/** What the page is told of one wish: made once for each place where it stands. */
interface Told {
  readonly state: Outcome;
  readonly row: HeldOp | undefined;
  readonly item: OutboxItem;
  readonly replay: readonly Pending[];
}

const TOLD = new WeakMap<Wish, Told>();

function toldOf(wish: Wish, state: Outcome, row: HeldOp | undefined): Told {
  let told = TOLD.get(wish);
  if (told?.state !== state || told.row !== row) {
    told = { state, row, item: itemOf(wish, state, row), replay: replayOf(wish) };
    TOLD.set(wish, told);
  }
  return told;
}

function stateOf(wish: Wish, isSettled: boolean, row: HeldOp | undefined): Outcome {
  if (wish.refused) return "not_accepted";
  if (wish.receipt === null) return wish.n === null ? "saved" : "sending";
  if (row) return row.outcome === "waiting" ? "waiting" : row.outcome === "parked" ? "not_accepted" : "received";
  if (wish.receipt.outcome === "parked" || wish.receipt.outcome === "conflict") return "not_accepted";
  return isSettled ? "received" : "sent";
}

function replayOf(wish: Wish): Pending[] {
  const common = { name: wish.name, bucket: wish.bucket };
  if (wish.kind === "batch") {
    return wish.items.map((item) => ({
      ...common,
      kind: "create",
      identity: item.identity,
      id: item.id,
      args: item.fields,
      at: item.at[0],
    }));
  }
  if (wish.kind === "void") return [];
  return [{ ...common, kind: wish.kind, identity: wish.identity, id: wish.id, args: wish.args, at: wish.at[0] }];
}

function replayOfHeld({ identity, op, at }: HeldOp): Pending[] {
  const kind = op.kind;
  if (kind === "command")
    return [{ kind, identity, name: String(op.command), id: null, args: (op.args ?? {}) as Fields, at, bucket: null }];
  // A batch leaves its ids to the server; its rows come with the cut.
  if (kind !== "create" && kind !== "patch" && kind !== "delete") return [];
  return [
    {
      kind,
      identity,
      name: String(op.collection),
      id: String(op.id),
      args: (op.fields ?? {}) as Fields,
      at,
      bucket: null,
    },
  ];
}

function itemOf(wish: Wish, state: Outcome, row: HeldOp | undefined): OutboxItem {
  const reason = wish.refused ?? row ?? wish.receipt;
  return {
    identity: wish.identity,
    n: wish.n,
    kind: wish.kind,
    name: wish.name,
    args: argsOf(wish),
    state,
    ...(reason?.code ? { code: reason.code } : {}),
    ...(reason?.message ? { message: reason.message } : {}),
    at: wish.at[0],
    ...(wish.title === null ? {} : { title: wish.title }),
    bytes: (wish.text ?? JSON.stringify(wish.args)).length,
  };
}

function argsOf(wish: Wish): Fields {
  if (wish.kind === "batch") return { rows: wish.items.map(({ id, fields }) => ({ id, ...fields })) };
  return wish.id === null ? wish.args : { id: wish.id, ...wish.args };
}

export function itemOfHeld(held: HeldOp): OutboxItem {
  const [replay] = replayOfHeld(held);
  return {
    identity: held.identity,
    n: null,
    ...(held.isShort
      ? shortOf(held)
      : {
          kind: replay?.kind ?? "batch",
          name: replay?.name ?? String(held.op.collection ?? ""),
          args: replay?.id ? { id: replay.id, ...replay.args } : (replay?.args ?? held.op),
        }),
    state: held.outcome === "waiting" ? "waiting" : "not_accepted",
    ...(held.code === null ? {} : { code: held.code }),
    ...(held.message === null ? {} : { message: held.message }),
    at: held.at,
    bytes: held.bytes,
  };
}

/** From the server's summary of a long op: what, of which record, and how its texts begin. */
function shortOf({ kind, op }: HeldOp): Pick<OutboxItem, "kind" | "name" | "args" | "isShort"> {
  const name = String(op.collection ?? op.command ?? "");
  const fields = (op.fields ?? {}) as Fields; // The server wrote it so.
  const args = op.record === undefined ? fields : { id: String(op.record), ...fields };
  return { kind: kind as OpKind, name, args, isShort: true }; // What the server could read is of one of the kinds.
}

const byTime = (a: { readonly at: number }, b: { readonly at: number }): number => a.at - b.at;
