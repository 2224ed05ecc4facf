"""What a package may hold: media types by ending. `pwa/src/features/packages/kinds.ts` knows the same endings."""

from collections.abc import Mapping

TEXTS: Mapping[str, str] = {  # Packed, and unpacked on the phone when the package is opened.
    "html": "text/html",
    "htm": "text/html",
    "xhtml": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "json": "application/json",
    "xml": "application/xml",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "csv": "text/csv",
    "md": "text/plain",
    "vtt": "text/vtt",
    "srt": "text/plain",
    "map": "application/json",
    "webmanifest": "application/json",
    "properties": "text/plain",
    "tmpl": "text/plain",
    "hbs": "text/plain",
    "glsl": "text/plain",
    "lottie": "application/json",
}
BINARIES: Mapping[str, str] = {  # Laid in as they are: the phone cuts them out of the zip and unpacks nothing.
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "ico": "image/x-icon",
    "cur": "image/x-icon",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "webm": "video/webm",
    "ogv": "video/ogg",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "ttf": "font/ttf",
    "otf": "font/otf",
    "eot": "application/vnd.ms-fontobject",
    "wasm": "application/wasm",
    "bin": "application/octet-stream",
    "dat": "application/octet-stream",
    "glb": "model/gltf-binary",
    "pdf": "application/pdf",
}
SHOWN = frozenset(
    {"html", "htm", "xhtml", "svg"}
    | {ending for ending, mime in BINARIES.items() if mime.startswith(("image/", "audio/", "video/"))}
)  # What can be opened by itself.
NOT_NEEDED = frozenset(
    {"xsd", "dtd", "xsl", "db", "ds_store", "ini", "log", "lang", "scss", "less", "ts", "psd", "fla"}
)
WHY_NOT: Mapping[str, str] = {
    "swf": "Flash runs in no browser any more.",
    "flv": "Flash films play in no browser any more.",
    "avi": "Phones do not play it; export it as MP4.",
    "wmv": "Phones do not play it; export it as MP4.",
    "mov": "Phones do not play it; export it as MP4.",
    "zip": "An archive within the package is not opened.",
    "jar": "Java runs in no browser any more.",
    "class": "Java runs in no browser any more.",
    "php": "It runs on a server, and there is none where the package runs.",
    "asp": "It runs on a server, and there is none where the package runs.",
    "aspx": "It runs on a server, and there is none where the package runs.",
    "jsp": "It runs on a server, and there is none where the package runs.",
    "cgi": "It runs on a server, and there is none where the package runs.",
}


def ending_of(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""


def type_of(path: str) -> str | None:
    """None: not taken."""
    ending = ending_of(path)
    return TEXTS.get(ending) or BINARIES.get(ending)


def why_left_out(path: str) -> tuple[str, str] | None:
    """Code and words; None where it is taken, or never was for learners (schemas, editors' files)."""
    ending = ending_of(path)
    if type_of(path) is not None or ending in NOT_NEEDED or path.rpartition("/")[2].startswith("."):
        return None
    why = WHY_NOT.get(ending, "Its kind is not one that a page shows.")
    return "file.kind", f"{path[:200]} was left out. {why}"
