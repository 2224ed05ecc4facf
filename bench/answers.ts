/** What the browser's phone sends when a learner who answered fifty questions offline finds a network. Prints JSON. */

import { derivedId, newId } from "../pwa/src/sync/ids.js";
import { randomFrom } from "../pwa/test/sync/support/bare.js";
import { AMINA, Phone, until } from "../pwa/test/sync/support/phone.js";
import { FakeServer } from "../pwa/test/sync/support/server.js";

const QUESTIONS = 50;

async function main(): Promise<void> {
  const random = randomFrom(50);
  const hex = (digits: number) => Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join("");
  const id = () => `${hex(8)}-${hex(4)}-5${hex(3)}-a${hex(3)}-${hex(12)}`;
  const server = new FakeServer();
  server.grants.add(`user:${AMINA}`);
  server.automatic.add(`user:${AMINA}`);
  const phone = await Phone.make();
  const [start, real] = [Date.parse("2026-11-21T08:00:00Z"), Date.now()];
  let passed = 0;
  phone.now = () => start + passed + Date.now() - real;
  server.now = phone.now;

  const begun = await phone.open(server.fetch);
  const attempt = newId();
  const paper = { assessment_id: id(), revision: 3, started_at: new Date(start).toISOString() };
  await begun.create("assessments.attempts", attempt, paper);
  await until(() => begun.outbox.value.length === 0 && begun.status.value.queued === 0, "begun");
  await begun.close();

  const away = await phone.open(async () => Promise.reject(new TypeError("offline")));
  for (let place = 0; place < QUESTIONS; place++) {
    passed += 4000 + Math.floor(random() * 40_000); // Ids and times are what does not pack.
    const item_id = id();
    const answer = await derivedId("assessments.answers", attempt, item_id);
    const fields = { attempt_id: attempt, item_id, value: hex(10) };
    const short = { item: place, value: Math.floor(random() * 4) };
    await away.create("assessments.answers", answer, fields, { title: "Motion", bucket: `user:${AMINA}`, short });
  }
  await away.close();

  const sizes: number[] = [];
  server.intercept = (request, size) => {
    if (request.ops !== undefined) sizes.push(size);
    return null;
  };
  const back = await phone.open(server.fetch);
  await until(() => back.outbox.value.length === 0 && back.status.value.queued === 0, "sent");
  await back.close();
  await phone.closeAll();
  console.log(JSON.stringify({ bytes: sizes.reduce((sum, size) => sum + size, 0), requests: sizes.length }));
}

await main();
