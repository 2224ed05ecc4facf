import { defineConfig } from "vite";
import { brotliFiles } from "./build/brotli.ts";
import { precacheList } from "./build/precache.ts";

/** The service worker is built after the app, because it carries the list of the app's files. */
export default defineConfig(() => ({
  plugins: [precacheList("dist"), brotliFiles("dist")],
  publicDir: false as const,
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: false,
    reportCompressedSize: false,
    rolldownOptions: { input: "src/sw/sw.ts", output: { format: "iife" as const, entryFileNames: "sw.js" } },
  },
}));
