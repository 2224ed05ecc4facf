import { expect, test } from "vitest";
import type { Status } from "#sync";
import { isLongSending } from "../../src/app/shell-state.ts";

const sending = (sent: number, queued: number): Status => ({
  link: "online",
  phase: "sending",
  sent,
  queued,
  lastCutAt: null,
  problem: null,
  code: null,
  leader: true,
});

test("a few wishes on their way move nothing on the screen; many say from first to last how far they are", () => {
  expect([sending(0, 1), sending(1, 2), sending(3, 0)].map(isLongSending)).toEqual([false, false, false]);
  expect([sending(0, 4), sending(3, 1)].map(isLongSending)).toEqual([true, true]);
  expect(isLongSending(sending(4, 0))).toBe(false);
});
