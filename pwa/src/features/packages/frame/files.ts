/** The package's files within the frame: an address of the package's own becomes a `blob:` address that works here. */

import { charsetOf, rewriteCss, rewriteModule } from "./rewriting.ts";

const OUTSIDE = /^(data|blob|javascript|about|mailto|tel):|^#|^$/i;

export class Files {
  readonly #root: string; // Address of the package's top, as links resolve to.
  readonly #files: ReadonlyMap<string, Blob>;
  readonly #small: ReadonlyMap<string, string>; // Path in lower case → path: authors on Windows mix them.
  readonly #addresses = new Map<string, string>();
  readonly #names = new Map<string, string>(); // The other way round.
  readonly #missed: (path: string) => void;

  constructor(root: string, files: ReadonlyMap<string, Blob>, missed: (path: string) => void) {
    this.#root = root;
    this.#files = files;
    this.#small = new Map([...files.keys()].map((path) => [path.toLowerCase(), path]));
    this.#missed = missed;
  }

  /** Where an address leads within the package; null: nowhere in it. */
  pathOf(address: string, base: string): string | null {
    if (OUTSIDE.test(address.trim())) return null;
    let url: URL;
    try {
      url = new URL(address, base);
    } catch {
      return null;
    }
    const whole = url.origin + url.pathname;
    if (!whole.startsWith(this.#root)) return null;
    try {
      return decodeURIComponent(whole.slice(this.#root.length));
    } catch {
      return whole.slice(this.#root.length);
    }
  }

  find(path: string): Blob | undefined {
    return this.#files.get(path) ?? this.#files.get(this.#small.get(path.toLowerCase()) ?? "");
  }

  /** An address that works here; what is not in the package stays as it is, and the frame's header stops it. */
  addressOf(address: string, base: string): string {
    const path = this.pathOf(address, base);
    if (path === null) return address;
    const made = this.addressOfPath(path);
    const fragment = /#.*$/.exec(address)?.[0] ?? "";
    return made === null ? address : made + fragment;
  }

  addressOfPath(path: string): string | null {
    const known = this.#addresses.get(path);
    if (known) return known;
    const blob = this.find(path);
    if (!blob) {
      this.#missed(path);
      return null;
    }
    const made = URL.createObjectURL(this.#prepared(path, blob));
    this.#addresses.set(path, made);
    this.#names.set(made, this.#root + encodeURI(path));
    return made;
  }

  /** The address that its author meant. */
  nameOf(address: string): string {
    const [bare = "", fragment] = address.split("#");
    const name = this.#names.get(bare);
    return name === undefined ? address : name + (fragment === undefined ? "" : `#${fragment}`);
  }

  /** The address of a script of modules: what it imports is looked up too. */
  addressOfModule(address: string, base: string): string {
    const path = this.pathOf(address, base);
    return path === null ? address : (this.#moduleOf(path, new Set()) ?? address);
  }

  moduleText(text: string, base: string): string {
    return rewriteModule(text, base, (address) => this.addressOfModule(address, base));
  }

  text(path: string): string | null {
    const blob = this.find(path);
    return blob ? readText(blob) : null;
  }

  baseOf(path: string): string {
    return this.#root + encodeURI(path);
  }

  #moduleOf(path: string, open: Set<string>): string | null {
    const key = `module ${path}`;
    const known = this.#addresses.get(key);
    if (known) return known;
    const text = open.has(path) ? null : this.text(path); // Two that import each other cannot be made here.
    if (text === null) return null;
    open.add(path);
    const made = rewriteModule(text, this.baseOf(path), (address) => {
      const inner = this.pathOf(address, this.baseOf(path));
      return inner === null ? address : (this.#moduleOf(inner, open) ?? address);
    });
    open.delete(path);
    const url = URL.createObjectURL(new Blob([made], { type: "text/javascript" }));
    this.#addresses.set(key, url);
    this.#names.set(url, this.baseOf(path));
    return url;
  }

  #prepared(path: string, blob: Blob): Blob {
    if (blob.type !== "text/css") return blob;
    const css = rewriteCss(readText(blob), (address) => this.addressOf(address, this.baseOf(path)));
    return new Blob([css], { type: "text/css" });
  }
}

/** At once: who reads a style or a page cannot wait. */
function readText(blob: Blob): string {
  const address = URL.createObjectURL(blob);
  try {
    const read = (charset: string) => {
      const request = new XMLHttpRequest();
      open.call(request, "GET", address, false);
      request.overrideMimeType(`text/plain;charset=${charset}`);
      request.send();
      return request.responseText;
    };
    const text = read("utf-8");
    const charset = text.includes("\uFFFD") ? charsetOf(text) : null;
    return charset === null ? text : read(charset);
  } finally {
    URL.revokeObjectURL(address);
  }
}

const open: (this: XMLHttpRequest, method: string, address: string, isAsync: boolean) => void =
  typeof XMLHttpRequest === "undefined" ? () => undefined : XMLHttpRequest.prototype.open; // Before anybody wraps it.
