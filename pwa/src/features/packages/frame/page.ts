/** A page of the package made fit for the frame, and every element that a script makes later. */

import type { Files } from "./files.ts";
import { rewriteCss, rewriteSrcset } from "./rewriting.ts";

/** Attributes that fetch, by tag; `*` any. */
const FETCHING: Readonly<Record<string, readonly string[]>> = {
  img: ["src"],
  script: ["src"],
  audio: ["src"],
  video: ["src", "poster"],
  source: ["src"],
  track: ["src"],
  embed: ["src"],
  input: ["src"],
  link: ["href"],
  image: ["href", "xlink:href"],
  use: ["href", "xlink:href"],
  feimage: ["href", "xlink:href"],
  object: ["data"],
  body: ["background"],
  table: ["background"],
  td: ["background"],
};
const FRAMES = /^i?frame$/;
const FETCHING_LINKS = /stylesheet|icon|preload|modulepreload|manifest/i;

export interface Turner {
  readonly files: Files;
  /** Have a frame within the frame show this page of the package; returns the address to give it. */
  inner(element: Element, path: string): string;
}

export const namesOf = (element: Element): readonly string[] => FETCHING[element.localName.toLowerCase()] ?? [];
export const isFrame = (element: Element): boolean => FRAMES.test(element.localName);

/** The value that works here. */
export function turned(turner: Turner, element: Element, name: string, value: string, base: string): string {
  const { files } = turner;
  if (name === "style") return rewriteCss(value, (address) => files.addressOf(address, base));
  if (name === "srcset" || name === "imagesrcset")
    return rewriteSrcset(value, (address) => files.addressOf(address, base));
  if (isFrame(element) && name === "src") {
    const path = files.pathOf(value, base);
    return path === null ? value : turner.inner(element, value);
  }
  if (!namesOf(element).includes(name)) return value;
  if (element.localName === "script" && element.getAttribute("type") === "module")
    return files.addressOfModule(value, base);
  if (element.localName === "link" && !FETCHING_LINKS.test(element.getAttribute("rel") ?? "")) return value;
  return files.addressOf(value, base);
}

/** `set` and `get` are the browser's own, past what scripts meet. */
export interface Hands {
  get(element: Element, name: string): string | null;
  set(element: Element, name: string, value: string): void;
}

export function mend(turner: Turner, root: ParentNode, base: string, hands: Hands): void {
  for (const element of root.querySelectorAll("*")) mendElement(turner, element, base, hands);
}

export function mendElement(turner: Turner, element: Element, base: string, hands: Hands): void {
  const names = isFrame(element) ? ["src"] : namesOf(element);
  for (const name of [...names, "srcset", "style"]) {
    const value = hands.get(element, name);
    if (value === null || (name === "style" && !value.includes("url("))) continue;
    const better = turned(turner, element, name, value, base);
    if (better === value) continue;
    hands.set(element, name, better);
    element.removeAttribute("integrity"); // Of a text that is another now.
    element.removeAttribute("crossorigin");
  }
  const css = element.localName === "style" ? (element.textContent ?? "") : "";
  if (!/url\(|@import/.test(css)) return;
  const better = rewriteCss(css, (address) => turner.files.addressOf(address, base));
  if (better !== css) element.textContent = better;
}

/** The whole page, ready to be written into the frame. */
export function pageOf(turner: Turner, html: string, at: string, hands: Hands): string {
  const page = new DOMParser().parseFromString(html, "text/html");
  const own = page.querySelector("base[href]")?.getAttribute("href");
  const base = own ? new URL(own, at).href : at;
  for (const meta of page.querySelectorAll("meta[http-equiv]")) {
    if (/content-security-policy/i.test(meta.getAttribute("http-equiv") ?? "")) meta.remove();
  }
  for (const script of page.querySelectorAll("script[type=module]:not([src])")) {
    script.textContent = turner.files.moduleText(script.textContent ?? "", base);
  }
  mend(turner, page, base, hands);
  const { doctype } = page;
  const head = doctype
    ? `<!DOCTYPE ${doctype.name}${doctype.publicId ? ` PUBLIC "${doctype.publicId}"` : ""}${doctype.systemId ? ` "${doctype.systemId}"` : ""}>`
    : "";
  return head + page.documentElement.outerHTML;
}

/** A picture, a film or a sound that is opened by itself. */
export function viewerOf(type: string, address: string, title: string): string {
  const name = title.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
  const tag = type.startsWith("image/") ? "img" : type.startsWith("video/") ? "video" : "audio";
  const open = tag === "img" ? `<img src="${address}" alt="${name}">` : `<${tag} src="${address}" controls></${tag}>`;
  return `<!DOCTYPE html><meta name="viewport" content="width=device-width"><title>${name}</title><style>body{margin:0;display:grid;min-height:100vh;place-items:center}img,video{max-width:100%;max-height:100vh}</style>${open}`;
}
