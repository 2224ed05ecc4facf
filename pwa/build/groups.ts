/** Which files of the build every phone keeps, and which are only for those who make and run courses. */

export interface Chunk {
  readonly file: string;
  readonly name?: string;
  readonly src?: string;
  readonly isEntry?: boolean;
  readonly imports?: readonly string[];
  readonly dynamicImports?: readonly string[];
  readonly css?: readonly string[];
  readonly assets?: readonly string[];
}

export type Manifest = Readonly<Record<string, Chunk>>;

/** Screens and words of the studio: a phone keeps them once somebody has opened its door, `/teach` or `/staff`. */
const STUDIO =
  /^src\/((features|words)\/(authoring|bank|jobs|library|operations|portable|readiness|uploads)\/|features\/teaching\/screens\/import)/;

export const isStudio = (key: string): boolean => STUDIO.test(key);

/** What opens packages from elsewhere: a phone keeps it once it has one. */
const PACKAGES = /^src\/(features|words)\/packages\//;

export const isForPackages = (key: string): boolean => PACKAGES.test(key);

/** Files that are of use with a network alone, and so not kept: what offers the pictures of a lesson read over it. */
export const isOnline = (file: string): boolean => /^assets\/at-once-/.test(file);

/** What the studio alone needs: reachable from its screens and words, and from nothing else. */
export function studioFiles(manifest: Manifest): ReadonlySet<string> {
  return filesOf(manifest, isStudio, (key) => !isForPackages(key));
}

/** The same of packages; the document of their frame is not in the manifest. */
export function packageFiles(manifest: Manifest): ReadonlySet<string> {
  return filesOf(manifest, isForPackages, (key) => !isStudio(key));
}

function filesOf(manifest: Manifest, isIn: (key: string) => boolean, enters: (key: string) => boolean) {
  const entries = Object.keys(manifest).filter((key) => manifest[key]?.isEntry);
  const core = reach(manifest, entries, (key) => !isStudio(key) && !isForPackages(key));
  const part = reach(manifest, Object.keys(manifest).filter(isIn), enters);
  return new Set([...part].filter((file) => !core.has(file)));
}

function reach(manifest: Manifest, from: readonly string[], enters: (key: string) => boolean): ReadonlySet<string> {
  const files = new Set<string>();
  const seen = new Set<string>();
  const ahead = from.filter(enters);
  for (let key = ahead.pop(); key !== undefined; key = ahead.pop()) {
    const chunk = manifest[key];
    if (!chunk || seen.has(key)) continue;
    seen.add(key);
    for (const file of [chunk.file, ...(chunk.css ?? []), ...(chunk.assets ?? [])]) files.add(file);
    ahead.push(...(chunk.imports ?? []), ...(chunk.dynamicImports ?? []).filter(enters));
  }
  return files;
}

export interface Piece {
  readonly isEntry?: boolean;
  readonly imports?: readonly string[];
  readonly dynamicImports?: readonly string[];
}

/** The pieces that import an entry. */
export function importersOfEntries(bundle: Readonly<Record<string, Piece>>): readonly string[] {
  return Object.keys(bundle).filter((name) =>
    [...(bundle[name]?.imports ?? []), ...(bundle[name]?.dynamicImports ?? [])].some((one) => bundle[one]?.isEntry),
  );
}
