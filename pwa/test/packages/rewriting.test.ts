/** References in a package's texts, turned and nothing else. */

import { expect, test } from "vitest";
import {
  rewriteCss,
  rewriteModule,
  rewriteSrcset,
  rewriteWritten,
} from "../../src/features/packages/frame/rewriting.ts";
import { readKept } from "../../src/features/packages/wire.ts";

const turn = (address: string) => `<${address}>`;

test.each([
  ["a { background: url(img/a.png) }", 'a { background: url("<img/a.png>") }'],
  ["@import 'more.css' screen;", '@import "<more.css>" screen;'],
  ['@import url("more.css");', '@import url("<more.css>");'],
  ["@font-face { src: url( 'f.woff2' ) format('woff2') }", "@font-face { src: url(\"<f.woff2>\") format('woff2') }"],
  ["a { background: url(data:image/png;base64,AAAA) }", "a { background: url(data:image/png;base64,AAAA) }"],
  ["a { background: url() }", "a { background: url() }"],
])("%s", (css, wanted) => {
  expect(rewriteCss(css, turn)).toBe(wanted);
});

test.each([
  ['import "./a.js"; import x, { y } from "../b.js";', 'import "<./a.js>"; import x, { y } from "<../b.js>";'],
  ["export * from '/c.js'; import('./d.js')", "export * from '</c.js>'; sparkImport(\"/at.js\",'./d.js')"],
  ['import React from "react"; const from = "./x.js";', 'import React from "react"; const from = "./x.js";'],
  ["new URL('a.png', import.meta.url); it.import(1)", "new URL('a.png', \"/at.js\"); it.import(1)"],
])("%s", (text, wanted) => {
  expect(rewriteModule(text, "/at.js", turn)).toBe(wanted);
});

test("sizes stay with their pictures", () => {
  expect(rewriteSrcset("a.png 1x, b.png 2x", turn)).toBe("<a.png> 1x, <b.png> 2x");
});

test("what a script writes is turned where it fetches, also in half a page", () => {
  const turnLow = (address: string) => address.toUpperCase();
  expect(rewriteWritten("<div><script src='a.js'></scr", turnLow)).toBe('<div><script src="A.JS"></scr');
  expect(rewriteWritten('<a href="next.html"><img alt=x src=a.png?a=1&amp;b=2>', turnLow)).toBe(
    '<a href="next.html"><img alt=x src="A.PNG?A=1&B=2">',
  );
});

test("of what a frame says only texts within bounds are believed", () => {
  const good = { values: { a: "1" }, total: 3, exit: "", run: "open" };
  expect(readKept(good)).toEqual(good);
  expect(readKept({ ...good, values: { a: 1, b: "2" } })?.values).toEqual({ b: "2" });
  for (const bad of [
    null,
    1,
    {},
    { ...good, run: "x" },
    { ...good, values: null },
    { ...good, exit: "x".repeat(21) },
  ]) {
    expect(readKept(bad)).toBeNull();
  }
});
