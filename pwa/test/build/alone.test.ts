import { expect, test } from "vitest";
import { importersOfEntries } from "../../build/groups.ts";

test("who imports a worker's first script is named, statically or later", () => {
  const bundle = {
    "worker.js": { isEntry: true, imports: ["shared.js"], dynamicImports: ["loop.js"] },
    "shared.js": { imports: [] },
    "loop.js": { imports: ["shared.js", "worker.js"] },
    "compare.js": { imports: ["shared.js"], dynamicImports: ["worker.js"] },
    "icons.svg": {},
  };
  expect(importersOfEntries(bundle)).toEqual(["loop.js", "compare.js"]);
});
