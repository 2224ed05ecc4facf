// One TypeScript file and what it imports as a program for node, by the page's own Vite: node bundle.mjs PWA FILE FOLDER
import { pathToFileURL } from "node:url";

const [pwa, file, folder] = process.argv.slice(2);
const { build } = await import(pathToFileURL(`${pwa}/node_modules/vite/dist/node/index.js`).href);
await build({
  configFile: false,
  root: pwa,
  publicDir: false,
  logLevel: "error",
  build: { ssr: file, outDir: folder, emptyOutDir: true },
  ssr: { noExternal: true },
});
