/** Inline HTML of lessons, built element by element from an allow list: what is not on it cannot reach the page.
 *
 * The server has sieved it already; a phone does not take anybody's word for that.
 */

import { type ComponentChild, h } from "preact";
import { useMemo } from "preact/hooks";

const INLINE = new Set("em strong sub sup code a br dfn b i".split(" "));
const MATH = new Set(
  (
    "math mrow mi mn mo mtext mspace ms mfrac msqrt mroot mstyle merror mpadded mphantom msub msup msubsup munder mover " +
    "munderover mmultiscripts mprescripts mtable mtr mtd"
  ).split(" "),
);
const MATH_ATTRIBUTES = new Set(
  (
    "display mathvariant dir displaystyle scriptlevel stretchy form fence separator lspace rspace minsize maxsize symmetric " +
    "largeop movablelimits width height depth voffset linethickness accent accentunder columnspan rowspan columnalign"
  ).split(" "),
);

export function Rich({ html }: { html: string }) {
  return <>{useMemo(() => build(html), [html])}</>;
}

function build(html: string): ComponentChild[] {
  if (!/[<&]/.test(html)) return [html];
  const page = new DOMParser().parseFromString(html, "text/html"); // Runs and loads nothing.
  return Array.from(page.body.childNodes, draw);
}

function draw(node: Node): ComponentChild {
  if (node.nodeType === Node.TEXT_NODE) return node.textContent;
  if (!(node instanceof Element)) return null;
  const tag = node.localName;
  const inside = Array.from(node.childNodes, draw);
  if (MATH.has(tag)) return h(tag, mathProps(node), ...inside);
  if (tag === "a") return link(node, inside);
  if (INLINE.has(tag)) return h(tag, {}, ...inside);
  return h("span", {}, ...inside);
}

function mathProps(node: Element): Record<string, string> {
  const kept = Array.from(node.attributes).filter((attribute) => MATH_ATTRIBUTES.has(attribute.name));
  return Object.fromEntries(kept.map((attribute) => [attribute.name, attribute.value]));
}

function link(node: Element, inside: ComponentChild[]): ComponentChild {
  const href = node.getAttribute("href") ?? "";
  if (!href.startsWith("https://")) return h("span", {}, ...inside);
  return h("a", { href, target: "_blank", rel: "noopener noreferrer" }, ...inside);
}
