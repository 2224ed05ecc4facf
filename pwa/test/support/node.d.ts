/** The little of Node that tests of the page use; its full types would change those of the browser. */

declare module "node:crypto" {
  interface Hash {
    update(bytes: Uint8Array): Hash;
    digest(encoding: "hex"): string;
  }
  export function createHash(name: "sha256"): Hash;
}
declare module "node:child_process" {
  export function execFileSync(program: string, words: readonly string[]): Uint8Array;
}
declare module "node:fs" {
  export function mkdtempSync(prefix: string): string;
  export function writeFileSync(path: string, bytes: Uint8Array): void;
}
declare module "node:os" {
  export function tmpdir(): string;
}
declare module "node:path" {
  export function join(...parts: readonly string[]): string;
}
