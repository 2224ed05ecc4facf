/** Gives the service worker the lists of files to keep, address and hash: `__FILES__`, `__STUDIO__` for those who teach,
 * and `__VERSION__` of them all. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Plugin } from "vite";
import { type Manifest, studioFiles } from "./groups.ts";

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
      const manifest = JSON.parse(readFileSync(join(folder, ".vite", "manifest.json"), "utf8")) as Manifest; // Vite wrote it.
      const studio = studioFiles(manifest);
      const named = (path: string) => {
        const hash = createHash("sha256")
          .update(readFileSync(join(folder, path)))
          .digest("hex")
          .slice(0, 16);
        return [path === "index.html" ? "/" : `/${path}`, hash] as const;
      };
      const all = filesUnder(folder);
      const files = all.filter((path) => !studio.has(path)).map(named);
      const opt = all.filter((path) => studio.has(path)).map(named);
      const version = createHash("sha256")
        .update(JSON.stringify([files, opt]))
        .digest("hex")
        .slice(0, 12);
      return {
        define: {
          __FILES__: JSON.stringify(files),
          __STUDIO__: JSON.stringify(opt),
          __VERSION__: JSON.stringify(version),
        },
      };
    },
  };
}
