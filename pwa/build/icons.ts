/** One sprite of the Lucide icons that the app uses: `import icons from "virtual:icons"` gives its address. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { ICONS } from "../src/ui/icon-names.ts";

const FOLDER = fileURLToPath(new URL("../node_modules/lucide-static/icons/", import.meta.url));

function symbol(name: string): string {
  const svg = readFileSync(`${FOLDER}${name}.svg`, "utf8");
  const inner = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
  return `<symbol id="${name}" viewBox="0 0 24 24">${inner.replace(/\s*\n\s*/g, "")}</symbol>`;
}

export function iconSprite(): Plugin {
  const id = "virtual:icons";
  let isBuild = false;
  const sprite = () => `<svg xmlns="http://www.w3.org/2000/svg">${ICONS.map(symbol).join("")}</svg>`;
  return {
    name: "spark-icons",
    configResolved(config) {
      isBuild = config.command === "build";
    },
    resolveId: (source) => (source === id ? `\0${id}` : undefined),
    load(source) {
      if (source !== `\0${id}`) return undefined;
      if (!isBuild) return 'export default "/icons.svg";';
      const reference = this.emitFile({ type: "asset", name: "icons.svg", source: sprite() });
      return `export default import.meta.ROLLUP_FILE_URL_${reference}.replace(location.origin, "");`;
    },
    configureServer(server) {
      server.middlewares.use("/icons.svg", (_request, response) => {
        response.setHeader("content-type", "image/svg+xml");
        response.end(sprite());
      });
    },
  };
}
