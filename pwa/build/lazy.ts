/** What is asked for later is asked for until it is here: puts `src/app/bring.ts` around every `import()` of the page, with the
 * files that it needs, in the place of Vite's own helper; and has a worker's scripts lie in the browser's cache first.
 */

import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const HELPER = "\0vite/preload-helper.js";
const BRING = fileURLToPath(new URL("../src/app/bring.ts", import.meta.url));
const CORE = /\/core-[\w-]{8}\.(js|css)$/; // Here since the page began.
const IMPORT = /\bimport\(\s*(["'`])(\.\/[^"'`]+\.js)\1\s*\)/g;

/** For `build.modulePreload`: of what a script of the page needs, all but what is here since it began. */
export function resolveDependencies(_file: string, needed: string[], host: { hostType: "html" | "js" }): string[] {
  return host.hostType === "html" ? needed : needed.filter((name) => !CORE.test(name));
}

export function lazyScripts(): Plugin {
  return {
    name: "spark-lazy",
    enforce: "pre",
    transform: (_code, id) =>
      id === HELPER
        ? { code: `export { bring as __vitePreload } from ${JSON.stringify(BRING)};`, map: null }
        : undefined,
  };
}

/** A worker asks again by itself; its scripts need nothing but themselves. */
export function lazyInWorker(): Plugin {
  return {
    name: "spark-lazy-worker",
    renderChunk(code) {
      const changed = code.replace(
        IMPORT,
        (all, _quote, file: string) => `fetch(new URL("${file}",import.meta.url)).then(r=>r.blob()).then(()=>${all})`,
      );
      return changed === code ? null : { code: changed, map: null };
    },
  };
}
