/** What the page is told, where calls meet: nothing that was asked for is forgotten. */

import { expect, test } from "vitest";
import type { Shown } from "../../src/sync/messages.js";
import { Screen } from "../../src/sync/worker/screen.js";
import { Bare } from "./support/bare.js";
import { newKey, until } from "./support/phone.js";

const watch = (key: number) => ({ key, collection: "catalog.courses", bucket: "public", id: null });

// Between the last look of one refresh and its end lie a few turns of the engine's queue; a call may come in any of them.
test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
  "a list first watched %i turns after a refresh has shown something is filled too",
  async (turns) => {
    const bare = await Bare.open(await newKey());
    const filled = new Set<number>();
    const show = (shown: Shown) => {
      for (const [key] of shown.rows) filled.add(key);
      if (filled.has(1) && !filled.has(2)) void after(turns).then(() => screen.watch(watch(2)));
    };
    const screen = new Screen(bare.mine, bare.view(), show, fail, () => undefined);

    screen.watch(watch(1));

    await until(() => filled.has(2), "the second list");
    bare.close();
  },
);

const fail = (error: unknown) => expect.fail(String(error));

async function after(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await Promise.resolve();
}
