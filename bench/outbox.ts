/** What one more wish costs a page whose outbox holds thousands: bytes from the worker, and both halves' time. Prints JSON. */

import { newId } from "../pwa/src/sync/ids.js";
import { mineName } from "../pwa/src/sync/names.js";
import { Mine } from "../pwa/src/sync/worker/mine.js";
import { wishOf } from "../pwa/src/sync/worker/wish.js";
import { AMINA, Phone, until } from "../pwa/test/sync/support/phone.js";

const QUEUED = 10_000;
const MORE = 15;
const WORDS = "What a learner writes down in a lesson, in about as many words as people need for it. ".repeat(2);

async function main(): Promise<void> {
  const phone = await Phone.make();
  const mine = await Mine.open(phone.disk, mineName(AMINA, 1), phone.key, async () => false);
  const edits = Array.from({ length: QUEUED }, (_, i) => {
    const args = { id: newId(), text: `${i} ${WORDS}` };
    const draft = { identity: newId(), kind: "command" as const, name: "notes.note.write", id: null, args };
    return { entry: null, shelf: "outbox" as const, wish: wishOf(draft, [Date.now() - QUEUED + i, 0]) };
  });
  await mine.save({ edits });
  mine.close();

  const clone = globalThis.structuredClone;
  let bytes = 0;
  let cloning = 0;
  globalThis.structuredClone = ((message: object) => {
    if (!("shown" in message)) return clone(message);
    bytes += JSON.stringify(message).length;
    const from = performance.now();
    const copy = clone(message);
    cloning += performance.now() - from;
    return copy;
  }) as typeof structuredClone;
  const engine = await phone.open(() => Promise.reject(new TypeError("offline")));
  const notes = engine.rows("notes.notes");
  notes.subscribe(() => undefined); // A screen looks at them.
  await until(() => engine.outbox.value.length === QUEUED && notes.value.value.length === QUEUED, "all of them");

  const times: number[] = [];
  const sizes: number[] = [];
  const clones: number[] = [];
  for (let n = 1; n <= MORE; n++) {
    [bytes, cloning] = [0, 0];
    const from = performance.now();
    await engine.command("notes.note.write", { id: newId(), text: `more ${n}` });
    while (engine.outbox.value.length !== QUEUED + n) await new Promise((resolve) => setImmediate(resolve));
    times.push(performance.now() - from);
    sizes.push(bytes);
    clones.push(cloning);
  }
  await phone.closeAll();
  const median = (list: number[]) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
  console.log(JSON.stringify({ bytes: median(sizes), ms: median(times), cloning_ms: median(clones) }));
}

await main();
