import { expect, test } from "vitest";
import { type Manifest, packageFiles, studioFiles } from "../../build/groups.ts";

const EDITOR = "src/features/authoring/screens/editor.tsx";
const LESSON = "src/features/catalog/screens/lesson.tsx";
const PACKAGE = "src/features/packages/parts/block.tsx";

const MANIFEST: Manifest = {
  "index.html": { file: "index.js", isEntry: true, imports: ["_core.js"], dynamicImports: [LESSON, EDITOR] },
  "_core.js": { file: "core.js", css: ["core.css"], dynamicImports: ["src/words/bank/en.ts", "src/words/play/en.ts"] },
  "_blocks.js": { file: "blocks.js", css: ["blocks.css"] },
  [LESSON]: { file: "lesson.js", imports: ["_core.js", "_blocks.js"], dynamicImports: [PACKAGE] },
  [PACKAGE]: { file: "package.js", imports: ["_core.js"], css: ["package.css"] },
  [EDITOR]: {
    file: "editor.js",
    css: ["editor.css"],
    imports: ["_core.js", "_blocks.js"],
    dynamicImports: ["src/uploads/queue.ts", PACKAGE],
  },
  "src/uploads/queue.ts": { file: "queue.js", imports: ["_core.js"], assets: ["hash.wasm"] },
  "src/words/bank/en.ts": { file: "bank-en.js" },
  "src/words/play/en.ts": { file: "play-en.js" },
};

test("the studio is what its screens alone need; what a lesson needs too stays with every phone", () => {
  expect([...studioFiles(MANIFEST)].sort()).toEqual(["bank-en.js", "editor.css", "editor.js", "hash.wasm", "queue.js"]);
});

test("what opens packages is nobody's who has none, not even the studio's", () => {
  expect([...packageFiles(MANIFEST)].sort()).toEqual(["package.css", "package.js"]);
});
