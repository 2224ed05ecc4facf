import { beforeEach, expect, test, vi } from "vitest";
import { askFor } from "../../src/media/later/bringing.ts";
import { newPhone } from "../support/phone.ts";

const USER = "0190-user";
const FILE = "a".repeat(64);
let asked: [address: string, range: string | null, bearer: boolean][];
let answers: (address: string) => Response;

beforeEach(() => {
  newPhone();
  asked = [];
  vi.stubGlobal("fetch", async (address: string, { headers }: { headers: Headers }) => {
    asked.push([address, headers.get("range"), headers.has("authorization")]);
    return answers(address);
  });
});

const json = (data: unknown, status = 200) =>
  new Response(JSON.stringify(status === 200 ? { success: true, data } : { success: false, error: { code: "x.y" } }), {
    status,
    headers: { "content-type": "application/json" },
  });

const session = { access_token: "t", expires_in: 900, user: { id: USER } };
const ask = async (start = 0) => {
  const asking = askFor(USER, "c1");
  await asking(FILE, start, null, new AbortController().signal);
  return asking;
};
const media = () => asked.filter(([address]) => address.startsWith("/media/"));

test("a course's own path is asked for once, and needs no word of who asks", async () => {
  answers = (address) =>
    address.includes("/refresh") ? json(session) : address.includes("/pack") ? json({ path: "/media/c/x/" }) : json({});
  const asking = await ask(7);
  await asking(FILE, 0, 9, new AbortController().signal);
  expect(media()).toEqual([
    [`/media/c/x/${FILE}`, "bytes=7-", false],
    [`/media/c/x/${FILE}`, "bytes=0-9", false],
  ]);
  expect(asked.filter(([address]) => address.includes("/pack"))).toHaveLength(1);
});

test("a path that is good no more, or that no server gives, leaves the way of the person who asks", async () => {
  answers = (address) => {
    if (address.includes("/refresh")) return json(session);
    if (address.includes("/pack")) return json({ path: "/media/c/old/" });
    return address.includes("/c/old/") ? json({}, 404) : json({});
  };
  await ask();
  expect(media()).toEqual([
    [`/media/c/old/${FILE}`, null, false],
    [`/media/${FILE}`, null, true],
  ]);

  asked = [];
  answers = (address) => (address.includes("/pack") ? json({}, 404) : json(session));
  await ask();
  expect(media()).toEqual([[`/media/${FILE}`, null, true]]);
});

test("a path that leads elsewhere is not followed", async () => {
  answers = (address) => (address.includes("/pack") ? json({ path: "https://elsewhere.example/" }) : json(session));
  await ask();
  expect(media()).toEqual([[`/media/${FILE}`, null, true]]);
});
