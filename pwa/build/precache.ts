/** Gives the service worker the list of files to keep: `__FILES__` (address and hash) and `__VERSION__` of them all. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Plugin } from "vite";

const LEFT_OUT = /^(sw\.js|\.vite\/|manifest\.json|source\.)|\.(map|br)$/;

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .filter((path) => !LEFT_OUT.test(path))
    .sort();
}

export function precacheList(folder: string): Plugin {
  return {
    name: "spark-precache",
    config() {
      const files = filesUnder(folder).map((path) => {
        const hash = createHash("sha256")
          .update(readFileSync(join(folder, path)))
          .digest("hex")
          .slice(0, 16);
        return [path === "index.html" ? "/" : `/${path}`, hash] as const;
      });
      const version = createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 12);
      return { define: { __FILES__: JSON.stringify(files), __VERSION__: JSON.stringify(version) } };
    },
  };
}
