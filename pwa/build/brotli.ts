/** Packs every text file of the build beside itself as `.br`, once, at the highest level: servers only hand them out. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import type { Plugin } from "vite";

const TEXT = /\.(html|js|css|svg|webmanifest|json)$/;
const WORTH_FROM = 256; // bytes

export function pack(body: Buffer): Buffer {
  return brotliCompressSync(body, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length },
  });
}

export function brotliFiles(folder: string): Plugin {
  return {
    name: "spark-brotli",
    closeBundle() {
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (!entry.isFile() || !TEXT.test(entry.name) || path.includes(".vite")) continue;
        const body = readFileSync(path);
        if (body.length >= WORTH_FROM) writeFileSync(`${path}.br`, pack(body));
      }
    },
  };
}
