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

/** What the studio alone needs: reachable from its screens and words, and from nothing else. */
export function studioFiles(manifest: Manifest): ReadonlySet<string> {
  const entries = Object.keys(manifest).filter((key) => manifest[key]?.isEntry);
  const core = reach(manifest, entries, (key) => !isStudio(key));
  const studio = reach(manifest, Object.keys(manifest).filter(isStudio), () => true);
  return new Set([...studio].filter((file) => !core.has(file)));
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
