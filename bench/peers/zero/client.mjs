// Clients as the browser's, with their rows in memory. Takes a line of JSON, answers with one.
import { createInterface } from "node:readline";
import { Zero } from "@rocicorp/zero";
import { mutators, queries, schema } from "./shared.mjs";

const wall = () => performance.timeOrigin + performance.now();
let made = 0;
let last = null;
let crowd = [];

class Client {
  constructor(url) {
    made += 1;
    const options = { kvStore: "mem", storageKey: `client-${made}`, userID: "anybody", logLevel: "error" };
    this.zero = new Zero({ ...options, cacheURL: url, schema, mutators });
    this.rows = new Map();
    this.waiting = [];
    this.view = this.zero.materialize(queries.all(), { ttl: "1h" });
    this.complete = new Promise((resolve) => {
      this.view.addListener((data, state) => {
        this.data = data;
        this.at = wall();
        if (state === "complete") resolve();
        for (const look of [...this.waiting]) look();
      });
    });
  }

  // The clock when every one of these was held with its new title.
  until(changed) {
    return new Promise((resolve) => {
      const look = () => {
        const held = new Map(this.data.map((row) => [row.id, row.title]));
        if (!changed.every(({ id, title }) => held.get(id) === title)) return;
        this.waiting = this.waiting.filter((one) => one !== look);
        resolve(this.at);
      };
      this.waiting.push(look);
      look();
    });
  }
}

const acts = {
  async first_sync({ url, rows }) {
    await last?.zero.close();
    const begun = performance.now();
    last = new Client(url);
    await last.complete;
    const ms = performance.now() - begun;
    if (last.data.length !== rows) throw new Error(`holds ${last.data.length} of ${rows}`);
    return { ms };
  },
  async delta({ changed }) {
    return { at: await last.until(changed) };
  },
  async push({ records }) {
    const begun = performance.now();
    const results = await Promise.all(records.map((record) => last.zero.mutate(mutators.add(record)).server));
    const bad = results.find((result) => result?.type === "error");
    if (bad) throw new Error(JSON.stringify(bad));
    return { ms: performance.now() - begun };
  },
  async crowd({ url, clients }) {
    crowd = [];
    for (let number = 0; number < clients; number++) {
      const one = new Client(url);
      await one.complete;
      crowd.push(one);
    }
    return {};
  },
  async crowd_delta({ changed }) {
    return { at: Math.max(...(await Promise.all(crowd.map((one) => one.until(changed))))) };
  },
};

createInterface({ input: process.stdin }).on("line", async (line) => {
  const { do: what, ...more } = JSON.parse(line);
  const answer = await acts[what](more).catch((problem) => ({ error: String(problem?.message ?? problem) }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
