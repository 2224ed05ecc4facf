/** What scripts of a package ask for is answered from the package: set addresses, written markup, fetches, requests.
 *
 * The browser's own functions are wrapped, in this frame alone. What slips through is stopped by the frame's header.
 */

import { type Hands, mendElement, namesOf, type Turner, turned } from "./page.ts";
import { LATER, rewriteWritten } from "./rewriting.ts";

const own = {
  get: Element.prototype.getAttribute,
  set: Element.prototype.setAttribute,
};

export const hands: Hands = {
  get: (element, name) => own.get.call(element, name),
  set: (element, name, value) => own.set.call(element, name, value),
};

const PROPERTIES: readonly (readonly [string, readonly string[]])[] = [
  ["HTMLImageElement", ["src", "srcset"]],
  ["HTMLScriptElement", ["src"]],
  ["HTMLLinkElement", ["href"]],
  ["HTMLMediaElement", ["src"]],
  ["HTMLVideoElement", ["poster"]],
  ["HTMLSourceElement", ["src", "srcset"]],
  ["HTMLTrackElement", ["src"]],
  ["HTMLInputElement", ["src"]],
  ["HTMLEmbedElement", ["src"]],
  ["HTMLObjectElement", ["data"]],
  ["HTMLIFrameElement", ["src"]],
  ["HTMLFrameElement", ["src"]],
];

export function intercept(turner: Turner): void {
  wrapProperties(turner);
  wrapAttributes(turner);
  wrapMarkup(turner);
  wrapRequests(turner);
  wrapMakers(turner);
}

const base = () => document.baseURI;

function wrapProperties(turner: Turner): void {
  for (const [type, names] of PROPERTIES) {
    const { prototype } = (window as unknown as Record<string, { prototype: object }>)[type] ?? {};
    for (const name of names) {
      const found = prototype && Object.getOwnPropertyDescriptor(prototype, name);
      if (!prototype || !found?.set || !found.get) continue;
      const { set, get } = found;
      Object.defineProperty(prototype, name, {
        ...found,
        set(this: Element, value: unknown) {
          set.call(this, turned(turner, this, name, String(value), base()));
        },
        get(this: Element) {
          const value: unknown = get.call(this);
          return typeof value === "string" && value.startsWith("blob:") ? turner.files.nameOf(value) : value;
        },
      });
    }
  }
}

function wrapAttributes(turner: Turner): void {
  Element.prototype.setAttribute = function (name, value) {
    const low = String(name).toLowerCase();
    const better = /^(style|srcset|src|href|poster|data|background)$/.test(low)
      ? turned(turner, this, low, String(value), base())
      : value;
    own.set.call(this, name, better);
  };
  const { setAttributeNS } = Element.prototype;
  Element.prototype.setAttributeNS = function (space, name, value) {
    const low = String(name)
      .toLowerCase()
      .replace(/^xlink:/, "");
    const mine = namesOf(this).includes(low) ? turned(turner, this, low, String(value), base()) : value;
    setAttributeNS.call(this, space, name, mine);
  };
}

function wrapMarkup(turner: Turner): void {
  const turn = (address: string) => turner.files.addressOf(address, base());
  for (const name of ["write", "writeln"] as const) {
    const write = document[name];
    document[name] = (...parts: unknown[]) => write.call(document, rewriteWritten(parts.join(""), turn));
  }
  for (const name of ["innerHTML", "outerHTML"] as const) {
    const found = Object.getOwnPropertyDescriptor(Element.prototype, name);
    if (!found?.set) continue;
    const { set } = found;
    Object.defineProperty(Element.prototype, name, {
      ...found,
      set(this: Element, html: unknown) {
        set.call(this, mendMarkup(turner, String(html)));
      },
    });
  }
  const { insertAdjacentHTML } = Element.prototype;
  Element.prototype.insertAdjacentHTML = function (where, html) {
    insertAdjacentHTML.call(this, where, mendMarkup(turner, String(html)));
  };
}

/** Parsed where nothing is fetched, mended, and given back as text. */
function mendMarkup(turner: Turner, html: string): string {
  if (!/(src|href|poster|data|background|srcset)\s*=|url\(/i.test(html)) return html;
  return rewriteWritten(html, (address) => turner.files.addressOf(address, base())).replace(
    /(\sstyle\s*=\s*")([^"]*url\([^"]*)"/gi,
    (_all, before: string, style: string) => {
      const mended = style.replace(/url\(\s*(?:&quot;|')?([^)"']*?)(?:&quot;|')?\s*\)/gi, (_one, address: string) => {
        return `url('${turner.files.addressOf(address, base())}')`;
      });
      return `${before}${mended}"`;
    },
  );
}

function wrapRequests(turner: Turner): void {
  const { open } = XMLHttpRequest.prototype;
  const opened = open as unknown as (this: XMLHttpRequest, ...args: unknown[]) => void;
  XMLHttpRequest.prototype.open = function (
    this: XMLHttpRequest,
    method: string,
    address: string | URL,
    ...more: unknown[]
  ) {
    const at = turner.files.addressOf(String(address), base());
    const isOurs = at.startsWith("blob:");
    opened.call(this, isOurs ? "GET" : method, at, ...(more.length > 0 ? more : [true]));
  } as typeof open;
  const { setRequestHeader } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.setRequestHeader = function (name, value) {
    if (!/^(range|if-)/i.test(name)) setRequestHeader.call(this, name, value); // Of a file on the phone there is no part.
  };
  const fetchAny = window.fetch;
  window.fetch = (input, init) => {
    const address = typeof input === "string" ? input : input instanceof URL ? input.href : input.url;
    const path = turner.files.pathOf(address, base());
    if (path === null) return fetchAny.call(window, input, init);
    const blob = turner.files.find(path);
    const headers = { "content-type": blob?.type ?? "text/plain" };
    return Promise.resolve(blob ? new Response(blob, { headers }) : new Response("", { status: 404, headers }));
  };
}

function wrapMakers(turner: Turner): void {
  Object.assign(window, {
    [LATER]: (at: string, address: unknown) =>
      import(/* @vite-ignore */ turner.files.addressOfModule(String(address), at)),
  });
  const { Audio: Before, Worker: WorkerBefore } = window;
  const Made = (address?: string) => {
    const sound = document.createElement("audio");
    sound.preload = "auto";
    if (address !== undefined) sound.src = address;
    return sound;
  };
  Made.prototype = Before.prototype;
  window.Audio = Made as unknown as typeof Audio;
  window.Worker = class extends WorkerBefore {
    constructor(address: string | URL, options?: WorkerOptions) {
      super(turner.files.addressOf(String(address), base()), options);
    }
  };
  window.open = ((address?: string | URL) => {
    if (address !== undefined && turner.files.pathOf(String(address), base()) !== null) location.href = String(address);
    return null;
  }) as unknown as typeof window.open;
}

/** What came in another way (copied out of a template, made by a parser) is mended as soon as it is seen. */
export function watch(turner: Turner): void {
  const observer = new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "attributes" && target instanceof Element) mendElement(turner, target, base(), hands);
      for (const node of addedNodes) {
        if (node instanceof Element) {
          mendElement(turner, node, base(), hands);
          for (const inner of node.querySelectorAll("*")) mendElement(turner, inner, base(), hands);
        } else if (target instanceof Element && target.localName === "style")
          mendElement(turner, target, base(), hands);
      }
    }
  });
  observer.observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["style"] });
}
