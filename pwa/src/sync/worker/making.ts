/** Keeping what a person did: one wish, or one more field of a wish that was not sent yet. */

import { composed } from "../merge.js";
import type { Fields, MergeRule } from "../types.js";
import { type Entry, type Mine, Outrun } from "./mine.js";
import { type At, type Draft, type Wish, wellFormed, wishOf } from "./wish.js";

const WISH_BYTES_MAX = 200_000; // The server takes 262,144 an op; frames and escapes need room.
const TRIES = 8;

export type MergeRules = Readonly<Record<string, MergeRule>>;

/** The wish is larger than the server takes. The person must shorten it; nothing was stored. */
export class TooLarge extends RangeError {
  readonly code = "wish.too_large";
}

/** Keep what a person did. Resolves when it is durable, with the identity and the changed entry. */
export async function add(
  mine: Mine,
  rules: MergeRules,
  draft: Draft,
  now: () => number,
): Promise<{ identity: string; seqs: number[] }> {
  const args = wellFormed(draft.args) as Fields; // An object stays an object.
  const size = JSON.stringify(args).length;
  if (size > WISH_BYTES_MAX)
    throw new TooLarge(`This holds ${size} characters; at most ${WISH_BYTES_MAX} can be sent.`);
  for (let tries = TRIES; ; tries--) {
    const at = mine.nextAt(now()); // Of this try: what is kept late was not made long ago.
    const earlier = neighbour(mine, draft);
    const both = earlier && merged(earlier.wish, { ...draft, args }, at, rules[draft.name]);
    const wish = both ?? wishOf({ ...draft, args }, at);
    try {
      const seqs = await mine.save({
        edits: [{ entry: both ? earlier : null, shelf: "outbox", wish }],
        clock: { ...mine.clock, at },
      });
      return { identity: wish.identity, seqs };
    } catch (error) {
      if (!(error instanceof Outrun) || tries <= 1) throw error;
      await mine.reload();
    }
  }
}

/** The unsent wish that a patch may still change: same record, and no command was made since, which may depend on it. */
function neighbour(mine: Mine, draft: Draft): Entry | null {
  if (draft.kind !== "patch" || draft.group || draft.after?.length || draft.replaces) return null;
  for (const entry of mine.list("outbox").reverse()) {
    const { wish } = entry;
    if (wish.kind === "command") return null;
    if (wish.name !== draft.name || wish.id !== draft.id) continue;
    const isPlain = wish.n === null && wish.refused === null && wish.group === null && !wish.again;
    return isPlain && (wish.kind === "patch" || wish.kind === "create") ? entry : null;
  }
  return null;
}

/** Null where the two cannot be one wish. */
function merged(wish: Wish, { args, short, blobs }: Draft, at: At, rule: MergeRule | undefined): Wish | null {
  const both = composed(wish.kind === "create" ? "create" : "patch", wish.args, args, rule);
  const needed = [...new Set([...(wish.blobs ?? []), ...(blobs ?? [])])];
  return both && { ...wish, args: both, short: short ?? null, ...(needed.length ? { blobs: needed } : {}), at };
}
