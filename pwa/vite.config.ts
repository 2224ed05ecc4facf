import { defineConfig } from "vitest/config";
import { entryAlone } from "./build/alone.ts";
import { iconSprite } from "./build/icons.ts";
import { lazyInWorker, lazyScripts, resolveDependencies } from "./build/lazy.ts";
import { numberedWords } from "./build/words.ts";

const CORE =
  /preact|signals|\/src\/(app\/(?!overlay|opening|update)|ui\/(?!rich|cover))|\/features\/\w+\/routes\.ts|\/src\/words\/index|identity\/parts\/language|virtual:icons/;
const ENGINE =
  /\/src\/sync\/(?!worker|names)|\/src\/ui\/(rich|cover)|\/src\/words\/format|identity\/parts\/(?!language)|\/src\/app\/(overlay|opening)|\/features\/\w+\/overlay\.ts/;

/** A limit is for a test that hangs, on the slowest machine: it costs nothing where a test passes. */
const PATIENT = { testTimeout: 120_000, hookTimeout: 120_000, teardownTimeout: 60_000 };

/** `--mode look` swaps the engine for a small one in memory, so that screens can be looked at without a server. */
export default defineConfig(({ mode }) => {
  const at = (path: string) => new URL(path, import.meta.url).pathname;
  const engine = mode === "look" ? "./test/support/look-" : "./src/";
  return {
    plugins: [iconSprite(), numberedWords(), lazyScripts()],
    resolve: {
      alias: {
        "#sync": at(mode === "look" ? `${engine}engine.ts` : `${engine}sync/index.ts`),
        "#vault": at(mode === "look" ? `${engine}vault.ts` : `${engine}vault/index.ts`),
      },
    },
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    worker: { format: "es", plugins: () => [lazyInWorker(), entryAlone()] },
    build: {
      target: "es2022",
      outDir: mode === "look" ? "dist-look" : "dist",
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      manifest: true,
      modulePreload: { polyfill: false, resolveDependencies },
      // What every screen needs is one file, and what most need once somebody is here another: round trips weigh more
      // than kilobytes.
      rolldownOptions: {
        output: {
          codeSplitting: {
            groups: [
              { name: "core", test: CORE },
              { name: "engine", test: ENGINE },
              { name: "shelf", test: /\/src\/media\/(?!later\/)/ },
            ],
          },
        },
      },
    },
    server: {
      proxy: {
        "/api": "http://127.0.0.1:8000",
        "/files": "http://127.0.0.1:8000",
        "/media": "http://127.0.0.1:8000",
        "/uploads": "http://127.0.0.1:8000",
        "/packages": "http://127.0.0.1:8000",
      },
    },
    test: { include: ["test/**/*.test.{ts,tsx}"], environment: "node", restoreMocks: true, ...PATIENT },
  };
});
