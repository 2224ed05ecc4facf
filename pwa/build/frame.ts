/** Lays the frame's script into a document of its own. */

import type { Plugin } from "vite";

export function frameDocument(): Plugin {
  return {
    name: "spark-frame",
    generateBundle(_options, bundle) {
      for (const [name, file] of Object.entries(bundle)) {
        if (file.type !== "chunk") continue;
        delete bundle[name];
        const script = file.code.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
        const source = `<!DOCTYPE html><html><head><meta charset="utf-8"><script>${script}</script></head><body></body></html>\n`;
        this.emitFile({ type: "asset", fileName: "packages/frame.html", source });
      }
    },
  };
}
