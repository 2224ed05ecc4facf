// Clients as the browser's, but with their rows in memory. Takes a line of JSON, answers with one.
const PouchDB = require("pouchdb");
PouchDB.plugin(require("pouchdb-adapter-memory"));

const wall = () => performance.timeOrigin + performance.now();
const OPTIONS = { batch_size: 1000, batches_limit: 10 }; // Fewer round trips than with the default of 100.
let made = 0;
let last = null; // { local, remote }
let crowd = [];

function client(url) {
  made += 1;
  return { local: new PouchDB(`client-${made}`, { adapter: "memory" }), remote: new PouchDB(`${url}/rows`) };
}

async function expect(one, rows) {
  const info = await one.local.info();
  if (info.doc_count < rows) throw new Error(`holds ${info.doc_count} of ${rows}`);
}

async function pull(one) {
  const result = await one.local.replicate.from(one.remote, OPTIONS);
  return result.docs_written;
}

const acts = {
  async first_sync({ url, rows }) {
    last = client(url);
    const begun = performance.now();
    await pull(last);
    const ms = performance.now() - begun;
    await expect(last, rows);
    return { ms };
  },
  async delta({ rows }) {
    const written = await pull(last);
    if (written !== rows) throw new Error(`${written} of ${rows} came`);
    return { at: wall() };
  },
  async push({ records }) {
    await last.local.bulkDocs(records.map(({ id, ...fields }) => ({ _id: id, ...fields })));
    const begun = performance.now();
    const result = await last.local.replicate.to(last.remote, { ...OPTIONS, filter: (doc) => "seen_ppm" in doc });
    if (result.docs_written !== records.length) throw new Error(`${result.docs_written} were taken`);
    return { ms: performance.now() - begun };
  },
  async crowd({ url, clients }) {
    crowd = Array.from({ length: clients }, () => client(url));
    for (const one of crowd) await pull(one);
    return {};
  },
  async crowd_delta({ rows }) {
    await Promise.all(
      crowd.map(async (one) => {
        const written = await pull(one);
        if (written !== rows) throw new Error(`${written} of ${rows} came`);
      }),
    );
    return { at: wall() };
  },
};

require("node:readline")
  .createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const { do: what, ...more } = JSON.parse(line);
    const answer = await acts[what](more).catch((problem) => ({ error: String(problem?.message ?? problem) }));
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  });
