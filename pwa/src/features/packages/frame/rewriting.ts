/** References in texts of a package, each given to `turn`. Pure. */

export type Turn = (address: string) => string;

const URL_IN_CSS = /url\(\s*(?:"([^"]*)"|'([^']*)'|([^)"'\s]*))\s*\)/gi;
const IMPORT_IN_CSS = /(@import\s+)(?:"([^"]*)"|'([^']*)')/gi;
const IMPORT_IN_MODULE =
  /(\bimport\s*(?:[\w*$\s{},]{0,2000}?\bfrom\s*)?|\bexport\s*[\w*$\s{},]{0,2000}?\bfrom\s*)(["'])([^"'\n]{1,500})\2/g;
const IMPORT_LATER = /(?<![\w$.])import\s*\(/g;
const OWN_ADDRESS = /(?<![\w$.])import\.meta\.url\b/g;
const WRITTEN =
  /(<(?:script|img|link|iframe|frame|audio|video|source|track|embed|input|image|use)\b[^>]*?\s(?:src|href|poster|xlink:href)\s*=\s*)(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi;

export function rewriteCss(css: string, turn: Turn): string {
  return css
    .replace(IMPORT_IN_CSS, (_all, before: string, a?: string, b?: string) => `${before}"${turn(a ?? b ?? "")}"`)
    .replace(URL_IN_CSS, (all, a?: string, b?: string, c?: string) => {
      const address = a ?? b ?? c ?? "";
      return address === "" || /^(data|blob):/i.test(address) ? all : `url("${turn(address).replaceAll('"', "%22")}")`;
    });
}

/** What imports later goes through here: by then the modules that are being made now have their addresses. */
export const LATER = "sparkImport";

/**
 * Static imports, where they are addresses: names without a dot or a slash before them are the package's own affair.
 * `at`: where its author put the module.
 */
export function rewriteModule(text: string, at: string, turn: Turn): string {
  return text
    .replace(IMPORT_IN_MODULE, (all, before: string, quote: string, address: string) =>
      /^(\.{0,2}\/|https?:)/.test(address) ? before + quote + turn(address) + quote : all,
    )
    .replace(IMPORT_LATER, `${LATER}(${JSON.stringify(at)},`)
    .replace(OWN_ADDRESS, JSON.stringify(at));
}

export function rewriteSrcset(srcset: string, turn: Turn): string {
  return srcset
    .split(/,(?=\s)|,$/)
    .map((one) => {
      const [address = "", ...size] = one.trim().split(/\s+/);
      return address === "" ? "" : [turn(address), ...size].join(" ");
    })
    .filter((one) => one !== "")
    .join(", ");
}

/** What a script writes into the page, perhaps half a tag at a time: never parsed, only its references are turned. */
export function rewriteWritten(html: string, turn: Turn): string {
  return html.replace(WRITTEN, (_all, before: string, a?: string, b?: string, c?: string) => {
    return `${before}"${turn((a ?? b ?? c ?? "").replaceAll("&amp;", "&")).replaceAll('"', "&quot;")}"`;
  });
}

/** The encoding that a page says it has, where that is not UTF-8. */
export function charsetOf(head: string): string | null {
  const said =
    /<meta[^>]{0,200}charset\s*=\s*["']?([\w-]{3,40})/i.exec(head) ?? /@charset\s+"([\w-]{3,40})"/i.exec(head);
  const name = said?.[1]?.toLowerCase() ?? "";
  return name === "" || name === "utf-8" || name === "utf8" ? "windows-1252" : name;
}
