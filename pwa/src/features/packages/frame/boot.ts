/** The document in which a package runs. It does nothing unless it has no origin of its own: then nothing of ours is near.
 *
 *   hello   to the window around it, with a port
 *   boot    from there: the package's files, the item, what it said before
 *   then    this very document becomes the package's page, so that scripts, links and the platform's `API` are in one window
 *
 * A link to another page of the package loads this document anew, under that page's address. Frames within a page get this
 * same document as a `blob:`; the one above answers them, and hands on what they say.
 */

import { makeApi12 } from "../scorm/api12.ts";
import { makeApi2004 } from "../scorm/api2004.ts";
import type { Kept } from "../scorm/kept.ts";
import { type Boot, FRAME, isHello, readKept, type ToFrame, type ToPage } from "../wire.ts";
import { Files } from "./files.ts";
import { hands, intercept, watch } from "./intercept.ts";
import { pageOf, type Turner, viewerOf } from "./page.ts";
import { surround } from "./surroundings.ts";

const source = document.documentElement.outerHTML; // This document, for frames within the page.
const outer = parent;
const { write } = document; // Before it is wrapped.

if (self.origin === "null" && outer !== window) greet();

function greet(): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }: MessageEvent<ToFrame>) => {
    if (data.kind === "boot") begin(data, port1);
    else leave(port1);
  };
  outer.postMessage({ spark: "package" }, "*", [port2]);
}

const say = (port: MessagePort, words: ToPage) => port.postMessage(words);

function begin(boot: Boot, port: MessagePort): void {
  const at = boot.at ?? location.href;
  const root = at.slice(0, at.indexOf(FRAME) + FRAME.length);
  const files = new Files(root, boot.files, (path) => say(port, { kind: "missing", path }));
  const inner = new Frames(boot, port, files);
  const turner: Turner = { files, inner: (element, address) => inner.show(element, address) };
  const visit = {
    ...boot,
    tell: (kept: Kept) => {
      inner.kept = kept;
      say(port, { kind: "kept", kept });
    },
  };
  surround(boot.edition === "1.2" ? { API: makeApi12(visit) } : { API_1484_11: makeApi2004(visit) });
  show(turner, boot, at, inner, port);
}

function show(turner: Turner, boot: Boot, at: string, inner: Frames, port: MessagePort): void {
  const path = turner.files.pathOf(at, at) ?? "";
  const blob = turner.files.find(path);
  if (!blob) say(port, { kind: "missing", path });
  const html = pageText(turner, path, blob, at, boot);
  intercept(turner);
  document.open(); // Takes what listened before: from here on is the page's own time.
  addEventListener("message", (event) => inner.hear(event));
  addEventListener("click", (event) => follow(event, turner, boot, port), true);
  watch(turner);
  write.call(document, html);
  document.close();
}

function pageText(turner: Turner, path: string, blob: Blob | undefined, at: string, boot: Boot): string {
  if (!blob) return "<!DOCTYPE html><title></title>";
  if (blob.type !== "text/html") {
    return viewerOf(blob.type, turner.files.addressOfPath(path) ?? "", boot.item.title);
  }
  const page = pageOf(turner, turner.files.text(path) ?? "", at, hands);
  // A frame within the page has an address of another kind: its links mean what they would under its page's.
  return boot.at === undefined ? page : page.replace(/<head[^>]*>/i, (head) => `${head}<base href="${at}">`);
}

/** Links out of the package are not followed; in a frame within the page, the page above shows what is linked. */
function follow(event: MouseEvent, turner: Turner, boot: Boot, port: MessagePort): void {
  const link = event.target instanceof Element ? event.target.closest("a[href], area[href]") : null;
  const address = link?.getAttribute("href") ?? "";
  if (!link || event.defaultPrevented || /^javascript:/i.test(address.trim()) || address === "") return;
  if (address.startsWith("#")) {
    if (boot.at === undefined) return;
    event.preventDefault();
    document.getElementById(decodeURIComponent(address.slice(1)))?.scrollIntoView();
    return;
  }
  if (turner.files.pathOf(address, document.baseURI) === null) {
    event.preventDefault();
    say(port, { kind: "outside", address: new URL(address, document.baseURI).href });
  } else if (boot.at !== undefined) {
    event.preventDefault();
    outer.postMessage({ spark: "go", address: new URL(address, document.baseURI).href }, "*");
  } else if (link.getAttribute("target")) {
    link.removeAttribute("target"); // There is one window.
  }
}

/** Its own way of ending is called, as if the window were closed; then it is known that nothing more comes. */
function leave(port: MessagePort): void {
  for (const type of ["beforeunload", "pagehide", "unload"]) {
    const event = new Event(type, { cancelable: true });
    window.dispatchEvent(event);
  }
  setTimeout(() => say(port, { kind: "left" }));
}

/** Frames within the page. */
class Frames {
  kept: Kept;
  readonly #boot: Boot;
  readonly #port: MessagePort;
  readonly #files: Files;

  constructor(boot: Boot, port: MessagePort, files: Files) {
    this.kept = boot.kept;
    this.#boot = boot;
    this.#port = port;
    this.#files = files;
  }

  show(element: Element, address: string): string {
    element.setAttribute("data-shows", new URL(address, this.#boot.at ?? document.baseURI).href);
    return URL.createObjectURL(new Blob([`<!DOCTYPE html>${source}`], { type: "text/html" }));
  }

  hear(event: MessageEvent<unknown>): void {
    const frame = [...document.querySelectorAll("iframe, frame")].find(
      (one) => (one as HTMLIFrameElement).contentWindow === event.source, // Both have one.
    );
    if (!frame) return;
    const { data } = event;
    const port = event.ports[0];
    if (isHello(data) && port) this.#answer(frame, port);
    const { spark, address } = (data ?? {}) as { spark?: string; address?: string }; // Looked at on the next line.
    if (spark === "go" && typeof address === "string" && this.#files.pathOf(address, address) !== null) {
      frame.setAttribute("src", address);
    }
  }

  #answer(frame: Element, port: MessagePort): void {
    port.onmessage = ({ data }: MessageEvent<ToPage>) => {
      const kept = data.kind === "kept" ? readKept(data.kept) : null;
      if (kept) this.kept = kept;
      if (data.kind !== "left") say(this.#port, data);
    };
    const at = frame.getAttribute("data-shows") ?? "";
    const boot: Boot = { ...this.#boot, kept: this.kept, at };
    port.postMessage(boot);
  }
}
