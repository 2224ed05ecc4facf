/** Media types of a package's files by their ending: the same endings as `server/packages/scorm/kinds.py`. */

const LISTS: Readonly<Record<string, string>> = {
  "text/html": "html htm xhtml",
  "text/css": "css",
  "text/javascript": "js mjs",
  "application/json": "json map webmanifest lottie",
  "application/xml": "xml",
  "image/svg+xml": "svg",
  "text/plain": "txt md srt properties tmpl hbs glsl",
  "text/csv": "csv",
  "text/vtt": "vtt",
  "image/jpeg": "jpg jpeg",
  "image/png": "png",
  "image/gif": "gif",
  "image/webp": "webp",
  "image/avif": "avif",
  "image/bmp": "bmp",
  "image/x-icon": "ico cur",
  "audio/mpeg": "mp3",
  "audio/mp4": "m4a",
  "audio/aac": "aac",
  "audio/ogg": "ogg oga opus",
  "audio/wav": "wav",
  "video/mp4": "mp4 m4v",
  "video/webm": "webm",
  "video/ogg": "ogv",
  "font/woff": "woff",
  "font/woff2": "woff2",
  "font/ttf": "ttf",
  "font/otf": "otf",
  "application/vnd.ms-fontobject": "eot",
  "application/wasm": "wasm",
  "application/pdf": "pdf",
  "model/gltf-binary": "glb",
};
const TYPES = new Map(Object.entries(LISTS).flatMap(([type, endings]) => endings.split(" ").map((one) => [one, type])));

export function typeOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return TYPES.get(name.slice(name.lastIndexOf(".") + 1).toLowerCase()) ?? "application/octet-stream";
}
