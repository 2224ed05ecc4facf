/**
 * Goal: whatever is torn, repeated, late or killed, what is shown of the filled buckets is one snapshot that really existed,
 * and in the end everything is here.
 *
 * Method: a small server keeps the truth after each change; a store without a page is driven step by step from one seed.
 */

import { beforeAll, describe, expect, test } from "vitest";
import { Bare, randomFrom } from "./support/bare.js";
import { newKey } from "./support/phone.js";
import { FakeServer } from "./support/server.js";

const COLLECTION = "catalog.lessons";
const BUCKETS = ["course:1", "course:2", "public"];
const WANTED = ["course:1", "course:2"];

let key: CryptoKey;

beforeAll(async () => {
  key = await newKey();
});

/** A server that remembers what each of its instants looked like. */
class School extends FakeServer {
  readonly history = new Map<string, number>();

  constructor() {
    super();
    this.remember();
  }

  override put(...args: Parameters<FakeServer["put"]>): void {
    super.put(...args);
    this.remember();
  }

  truth(bucket: string): string {
    const live = [...this.items.values()].filter((item) => item.bucket === bucket && !item.gone);
    return live
      .map(({ line }) => JSON.stringify((JSON.parse(line) as [number, unknown])[1]))
      .sort()
      .join("\n");
  }

  private remember(): void {
    for (const set of subsets(BUCKETS))
      this.history.set(
        instant(set, (bucket) => this.truth(bucket)),
        this.position,
      );
  }
}

const instant = (buckets: readonly string[], of: (bucket: string) => string): string =>
  buckets.map((bucket) => `${bucket}: ${of(bucket)}`).join("\n\n");

function subsets(all: readonly string[]): string[][] {
  const [first, ...rest] = all;
  if (first === undefined) return [[]];
  return subsets(rest).flatMap((set) => [set, [first, ...set]]);
}

async function expectOneInstant(phone: Bare, school: School): Promise<void> {
  const { rows, full } = await phone.shown([COLLECTION], BUCKETS);
  const shown = BUCKETS.filter((bucket) => full.has(bucket));
  const seen = instant(shown, (bucket) => rows.get(`${bucket} ${COLLECTION}`) ?? "");
  expect(school.history.has(seen), `never existed:\n${seen}`).toBe(true);
}

describe("one recorded answer, torn at every byte", () => {
  test("the store is always as one of its marks left it, and the rest comes next time", async () => {
    const school = new School();
    school.grants.add("course:1").add("course:2");
    for (let i = 0; i < 6; i++) school.put("course:1", 1, COLLECTION, `l${i}`, { title: `Lesson ${i}` });
    school.put("course:2", 1, COLLECTION, "l0", { title: "Lesson 0" });
    const first = await Bare.open(key);
    await first.exchange(school, WANTED);
    for (const i of [1, 3, 0]) {
      school.put("course:1", 1, COLLECTION, `l${i}`, { title: `Renamed ${i}` });
      if (i === 0) school.put("course:2", 1, COLLECTION, "l0", { title: "Renamed 0" });
    }
    school.put("course:1", 1, COLLECTION, "l5", null);
    first.close();
    let length = 1;

    for (let at = 0; at < length; at++) {
      const calm = new School();
      Object.assign(calm, { items: new Map(), position: 0, grants: school.grants });
      const phone = await Bare.open(key);
      for (const item of [...school.items.values()].filter(({ version }) => version === 1)) {
        calm.put(item.bucket, 1, COLLECTION, item.id, { title: `Lesson ${item.id.slice(1)}` });
      }
      for (const item of [...school.items.values()].filter(({ version }) => version > 1)) {
        calm.put(item.bucket, 1, COLLECTION, item.id, { title: `Lesson ${item.id.slice(1)}` });
      }
      await phone.exchange(calm, WANTED);
      for (const item of [...school.items.values()].filter(({ version }) => version > 1)) {
        const row = (JSON.parse(item.line) as [number, { title: string } | string])[1];
        calm.put(item.bucket, 1, COLLECTION, item.id, typeof row === "string" ? null : { title: row.title });
      }
      calm.network = (bytes) => {
        length = bytes.length;
        return bytes.slice(0, at);
      };

      await phone.exchange(calm, WANTED);
      await expectOneInstant(phone, calm);

      calm.network = (bytes) => bytes;
      const again = await phone.reopen();
      await again.exchange(calm, WANTED);
      const { rows } = await again.shown([COLLECTION], BUCKETS);
      expect(rows.get(`course:1 ${COLLECTION}`)).toBe(calm.truth("course:1"));
      again.close();
    }
    expect(length).toBeGreaterThan(800);
  });
});

describe("seeded worlds", () => {
  test.each(Array.from({ length: 60 }, (_, i) => i + 1))(
    "world %i: every shown instant existed, and all arrives",
    async (seed) => {
      const random = randomFrom(seed);
      const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
      const school = new School();
      school.markEvery = 1 + Math.floor(random() * 4);
      for (const bucket of BUCKETS) school.grants.add(bucket);
      let phone = await Bare.open(key);

      for (let step = 0; step < 25; step++) {
        const luck = random();
        if (luck < 0.45) {
          for (let changes = Math.floor(random() * 6); changes >= 0; changes--) {
            const id = `l${Math.floor(random() * 4)}`;
            const fields = random() < 0.2 ? null : { title: `${step}.${changes}` };
            for (const bucket of random() < 0.5 ? [pick(BUCKETS)] : WANTED)
              school.put(bucket, 1, COLLECTION, id, fields);
          }
        } else if (luck < 0.52) {
          const bucket = pick(WANTED);
          if (school.grants.has(bucket)) school.grants.delete(bucket);
          else school.grants.add(bucket);
        } else if (luck < 0.6) {
          phone = await phone.reopen();
        } else {
          school.network =
            random() < 0.5
              ? (bytes) => bytes
              : (bytes) => (random() < 0.2 ? null : bytes.slice(0, Math.floor(random() * bytes.length)));
          const base = await phone.base();
          await phone.exchange(school, WANTED, random() < 0.5 ? 60 : 4096);
          if (random() < 0.15) await phone.exchange(school, WANTED, 4096, base); // Given up, and arrived after all.
        }
        await expectOneInstant(phone, school);
      }

      school.network = (bytes) => bytes;
      for (const bucket of BUCKETS) school.grants.add(bucket);
      for (let i = 0; i < 12; i++) await phone.exchange(school, WANTED);
      const { rows } = await phone.shown([COLLECTION], BUCKETS);
      for (const bucket of BUCKETS) expect(rows.get(`${bucket} ${COLLECTION}`) ?? "").toBe(school.truth(bucket));
      phone.close();
    },
  );
});
