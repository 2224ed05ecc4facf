import { defineConfig } from "vite";
import { frameDocument } from "./build/frame.ts";

/** The document in which packages from elsewhere run: one file with its script inside, for nothing may be fetched there. */
export default defineConfig(() => ({
  plugins: [frameDocument()],
  publicDir: false as const,
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: "src/features/packages/frame/boot.ts",
      output: { format: "iife" as const, entryFileNames: "packages/frame.js" },
    },
  },
}));
