/** Gives the service worker the lists of files to keep, address and hash: `__FILES__`, `__STUDIO__` for those who teach,
 * `__PACKAGES__` for phones that have packages from elsewhere,
 * and `__VERSION__` of them all. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Plugin } from "vite";
import { isOnline, type Manifest, packageFiles, studioFiles } from "./groups.ts";

const LEFT_OUT = /^(sw\.js|\.vite\/|manifest\.json|source\.)|\.(map|br)$/;

const FRAME = "packages/frame.html";
/** Files that are served under another name, with headers of their own. */
const ADDRESSES: Readonly<Record<string, string>> = { "index.html": "/", [FRAME]: "/packages/frame" };

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .filter((path) => !LEFT_OUT.test(path) && !isOnline(path))
    .sort();
}

export function precacheList(folder: string): Plugin {
  return {
    name: "spark-precache",
    config() {
      const manifest = JSON.parse(readFileSync(join(folder, ".vite", "manifest.json"), "utf8")) as Manifest; // Vite wrote it.
      const studio = studioFiles(manifest);
      const opening = new Set([...packageFiles(manifest), FRAME]);
      const named = (path: string) => {
        const hash = createHash("sha256")
          .update(readFileSync(join(folder, path)))
          .digest("hex")
          .slice(0, 16);
        return [ADDRESSES[path] ?? `/${path}`, hash] as const;
      };
      const all = filesUnder(folder);
      const files = all.filter((path) => !studio.has(path) && !opening.has(path)).map(named);
      const opt = all.filter((path) => studio.has(path)).map(named);
      const packages = all.filter((path) => opening.has(path)).map(named);
      const version = createHash("sha256")
        .update(JSON.stringify([files, opt, packages]))
        .digest("hex")
        .slice(0, 12);
      return {
        define: {
          __FILES__: JSON.stringify(files),
          __STUDIO__: JSON.stringify(opt),
          __PACKAGES__: JSON.stringify(packages),
          __VERSION__: JSON.stringify(version),
        },
      };
    },
  };
}
