/** Weighs the build as phones receive it (brotli 11) beside the budgets of the design. Fails over them. */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { pack } from "./brotli.ts";
import { isOnline, isStudio, type Manifest, packageFiles, studioFiles } from "./groups.ts";

const DIST = "dist";
const REQUEST_BYTES = 350; // Status line and headers of one answer, as measured.

const manifest = JSON.parse(readFileSync(`${DIST}/.vite/manifest.json`, "utf8")) as Manifest; // Vite wrote it.
const sizes = new Map<string, number>();

function sizeOf(file: string): number {
  const known = sizes.get(file) ?? pack(readFileSync(`${DIST}/${file}`)).length;
  sizes.set(file, known);
  return known;
}

/** A chunk's own files and those of everything it imports at once. */
function filesOf(key: string, seen = new Set<string>()): ReadonlySet<string> {
  const chunk = manifest[key];
  if (!chunk || seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const style of chunk.css ?? []) seen.add(style);
  for (const next of chunk.imports ?? []) filesOf(next, seen);
  return seen;
}

const sum = (files: Iterable<string>) => [...files].reduce((bytes, file) => bytes + sizeOf(file), 0);

const entryKey = Object.keys(manifest).find((key) => manifest[key]?.isEntry) ?? "";
const entry = filesOf(entryKey);
/** What is on this phone: fetched once a person's store is open, beside the first screen of theirs. */
const later = Object.keys(manifest).filter((key) => ["engine", "shelf"].includes(manifest[key]?.name ?? ""));
const opened = new Set(later.flatMap((key) => [...filesOf(key)]).filter((file) => !entry.has(file)));
const screens = Object.keys(manifest).filter((key) => key.includes("/screens/"));
const routeOf = (key: string) => {
  const own = [...filesOf(key)].filter((file) => !entry.has(file) && !opened.has(file));
  return { name: key.replace(/^src\/features\/|\.tsx$|screens\//g, ""), bytes: sum(own) };
};
const routes = screens.filter((key) => !isStudio(key)).map(routeOf);
const studio = studioFiles(manifest);
const packages = new Set([...packageFiles(manifest), "packages/frame.html"]);
const areas = Object.keys(manifest).filter((key) => /src\/words\/\w+\/(en|uz|ru|id)\.ts$/.test(key));
const languages = Object.keys(manifest).filter((key) => /src\/words\/(en|uz|ru|id)\.ts$/.test(key));
const signIn = [...filesOf("src/features/identity/screens/sign-in.tsx")].filter((file) => !entry.has(file));
const first = new Set(["index.html", ...entry, ...signIn, manifest["src/words/en.ts"]?.file ?? ""]);
const icons = readdirSync(`${DIST}/assets`).filter((file) => file.startsWith("icons-"));
const kept = readdirSync(DIST, { recursive: true, encoding: "utf8" }).filter(
  (file) => !/\.br$|^\.vite|^icon-.*png$/.test(file) && !isOnline(file) && statSync(`${DIST}/${file}`).isFile(),
);

let isOver = false;

function say(what: string, bytes: number, budget: number, unit = "B"): void {
  isOver ||= bytes > budget;
  const mark = bytes > budget ? "OVER" : "ok";
  console.log(`${mark.padEnd(5)}${what.padEnd(44)}${String(bytes).padStart(8)} ${unit}  of ${budget}`);
}

const sorted = routes.map((route) => route.bytes).sort((a, b) => a - b);
const firstBytes =
  sum(first) + sum(icons.map((file) => `assets/${file}`)) + (first.size + icons.length) * REQUEST_BYTES;
say("entry script and styles", sum(entry), 23_500);
say("with an open store, once", sum(opened), 13_000);
say("a route, median", sorted[Math.floor(sorted.length / 2)] ?? 0, 2_500);
const largest = (all: typeof routes, count: number) => [...all].sort((a, b) => b.bytes - a.bytes).slice(0, count);
for (const route of largest(routes, 5)) say(`a route: ${route.name}`, route.bytes, 6_000);
for (const key of languages) say(`a language: ${key.slice(-5, -3)}`, sizeOf(manifest[key]?.file ?? ""), 4_000);
say("first screen on the wire, headers included", firstBytes, 40_000);
say("first screen, requests", first.size + icons.length, 8, " ");
say("everything kept on the phone", sum(kept.filter((file) => !studio.has(file) && !packages.has(file))), 157_500);
for (const route of largest(screens.filter(isStudio).map(routeOf), 5))
  say(`a studio route: ${route.name}`, route.bytes, 12_000);
for (const area of largest(
  areas.map((key) => ({ name: key.slice(10, -3), bytes: sizeOf(manifest[key]?.file ?? "") })),
  3,
))
  say(`an area in a language: ${area.name}`, area.bytes, 4_000);
// Four languages of its words are 20 KB of it.
say("the studio, kept by those who teach", sum(studio), 78_500);
say("what opens packages, kept where there are some", sum(packages), 20_000);
if (isOver) process.exitCode = 1;
