/** Inline HTML in an editable field and out of it: the same small allow list as the server's sieve. */

const INLINE = new Set("em strong sub sup code a br dfn".split(" "));
const ALSO: Readonly<Record<string, string>> = { b: "strong", i: "em" };
const MATH_SPACE = "http://www.w3.org/1998/Math/MathML";
const MATH_NAME = /^m[a-z]+$/;
const MATH_VALUE = /^[A-Za-z0-9 .%+-]{1,60}$/;
const NOT_OURS = new Set("script style template title noscript iframe svg annotation annotation-xml".split(" "));
const LINES = new Set("div p li tr h1 h2 h3 h4 h5 h6 blockquote pre".split(" "));
const INVISIBLE = /[\u200b\u2060\ufeff]/g; // Editors leave them where the cursor was.

/** Put the words into the field, element by element: what is not on the list cannot reach the page. */
export function fill(field: HTMLElement, html: string): void {
  field.replaceChildren(...nodesOf(html));
}

function nodesOf(html: string): Node[] {
  if (!/[<&]/.test(html)) return html === "" ? [] : [document.createTextNode(html)];
  const page = new DOMParser().parseFromString(html, "text/html"); // Runs and loads nothing.
  return Array.from(page.body.childNodes).flatMap(copied);
}

function copied(node: Node): Node[] {
  if (node.nodeType === Node.TEXT_NODE) return [document.createTextNode(node.textContent ?? "")];
  if (!(node instanceof Element) || NOT_OURS.has(node.localName)) return [];
  if (node.localName === "math") return [formula(node)];
  const inside = Array.from(node.childNodes).flatMap(copied);
  const name = ALSO[node.localName] ?? node.localName;
  const href = name === "a" ? httpsOf(node.getAttribute("href")) : null;
  if (!INLINE.has(name) || (name === "a" && href === null)) return inside;
  const made = document.createElement(name);
  if (href !== null) made.setAttribute("href", href);
  made.append(...inside);
  return [made];
}

/** A formula within a line is kept as one piece: it is not edited letter by letter. */
function formula(node: Element): Node {
  const frame = document.createElement("span");
  frame.contentEditable = "false";
  frame.append(mathCopy(node));
  return frame;
}

function mathCopy(node: Element): Element {
  const made = document.createElementNS(MATH_SPACE, node.localName);
  for (const { name, value } of Array.from(node.attributes)) {
    if (/^[a-z]+$/.test(name) && name !== "href" && MATH_VALUE.test(value)) made.setAttribute(name, value);
  }
  for (const child of Array.from(node.childNodes)) {
    if (child.nodeType === Node.TEXT_NODE) made.append(child.textContent ?? "");
    else if (child instanceof Element && MATH_NAME.test(child.localName)) made.append(mathCopy(child));
  }
  return made;
}

/** What stands in the field, as it is stored. */
export function htmlOf(field: Node): string {
  return Array.from(field.childNodes)
    .map(written)
    .join("")
    .replace(/[ \t\r\n\f\u00a0]+/g, " ")
    .replace(/(?:<br>| )+$/, "")
    .trim();
}

function written(node: Node): string {
  if (node.nodeType === Node.TEXT_NODE) return escaped((node.textContent ?? "").replace(INVISIBLE, ""));
  if (!(node instanceof Element) || NOT_OURS.has(node.localName)) return "";
  if (node.localName === "math") return mathWritten(node);
  const inside = Array.from(node.childNodes).map(written).join("");
  const name = ALSO[node.localName] ?? node.localName;
  if (name === "br") return "<br>";
  if (LINES.has(name)) return ` ${inside} `;
  if (!INLINE.has(name) || inside === "") return inside;
  if (name !== "a") return `<${name}>${inside}</${name}>`;
  const href = httpsOf(node.getAttribute("href"));
  return href === null ? inside : `<a href="${quoted(href)}">${inside}</a>`;
}

function mathWritten(node: Element): string {
  const attributes = Array.from(node.attributes)
    .filter(({ name, value }) => /^[a-z]+$/.test(name) && name !== "xmlns" && MATH_VALUE.test(value))
    .map(({ name, value }) => ` ${name}="${value}"`)
    .join("");
  const inside = Array.from(node.childNodes)
    .map((child) => (child instanceof Element ? mathWritten(child) : escaped(child.textContent ?? "")))
    .join("");
  return `<${node.localName}${attributes}>${inside}</${node.localName}>`;
}

const escaped = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const quoted = (text: string): string => escaped(text).replace(/"/g, "&quot;");

/** An address that a link may have; null: none. `example.org/page` is taken for what it means. */
export function httpsOf(address: string | null): string | null {
  const text = (address ?? "").trim();
  const full = /^[\w-]+(\.[\w-]+)+(\/|$)/.test(text) ? `https://${text}` : text;
  return /^https:\/\/[^/?#\s@]+\.[^/?#\s@]+([/?#]|$)/i.test(full) && full.length <= 2_000 ? full : null;
}

export const textToHtml = (text: string): string => escaped(text.replace(/\s+/g, " ").trim());
