"""Serves the built PWA: hashed files for ever, the shell always asked for, 304 by strong ETag, brotli made at build.

Litestar's own static files send neither 304 nor Range. The page is a few hundred kilobytes: it is read once and kept.
"""

import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, get

from server.base.errors import NotFound

_HASHED = re.compile(r"^assets/.*[-.][A-Za-z0-9_-]{8}\.\w+$")
IMMUTABLE = "public, max-age=31536000, immutable"
FILE_BYTES_MAX = 8 * 1024 * 1024
SHELL = "index.html"
LANGUAGES = ("en", "uz", "ru", "id")
SESSION_COOKIE = "csrf"  # A script may read it, and it stands beside the one that none may.

_CORE = "core"
_SIGN_IN = "src/features/identity/screens/sign-in.tsx"
_LESSON = "src/features/catalog/screens/lesson.tsx"
_IS_LESSON = re.compile(r"^/?courses/[^/]+/lessons/[^/]+$")

mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("text/javascript", ".js")


@dataclass(frozen=True)
class PageFile:
    body: bytes
    brotli: bytes | None
    media_type: str
    etag: str
    is_hashed: bool


class _Chunk(msgspec.Struct, frozen=True):
    """As Vite writes it."""

    file: str
    name: str = ""
    imports: list[str] = []


def _spoken(accept_language: str) -> str:
    """The first that we speak, as the page chooses it."""
    tags = (part.partition(";")[0].strip()[:2].lower() for part in accept_language.split(","))
    return next((tag for tag in tags if tag in LANGUAGES), LANGUAGES[0])


class Page:
    """All files of the build in memory, by path."""

    def __init__(self, folder: Path) -> None:
        manifest = folder / ".vite" / "manifest.json"
        self._chunks = msgspec.json.decode(manifest.read_bytes(), type=dict[str, _Chunk]) if manifest.exists() else {}
        self._files = {
            str(path.relative_to(folder)): _read(path, folder)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix != ".br" and path.stat().st_size <= FILE_BYTES_MAX
        }

    def hints(self, path: str, *, language: str, is_signed_in: bool) -> str:
        """Scripts that this address will ask for after those that the shell names: a `Link` header, or nothing.

        Each would else be known only when the one before it has run, a round trip later.
        """
        screen = _LESSON if is_signed_in and _IS_LESSON.match(path) else None if is_signed_in else _SIGN_IN
        wanted = [f"src/words/{_spoken(language)}.ts", *([screen] if screen else [])]
        files = dict.fromkeys(file for key in wanted for file in self._scripts_of(key))
        return ", ".join(f"</{file}>; rel=modulepreload" for file in files)

    def _scripts_of(self, key: str) -> list[str]:
        """A chunk's own script and those that it imports at once, but for what the shell names."""
        chunk = self._chunks.get(key)
        if chunk is None or chunk.name == _CORE:
            return []
        return [chunk.file, *(file for other in chunk.imports for file in self._scripts_of(other))]

    def find(self, path: str) -> PageFile:
        """The file, or the shell for a path of the app's own router. Raises NotFound for a file that is not there."""
        found = self._files.get(path)
        if found is None and "." not in path.rpartition("/")[2]:
            found = self._files.get(SHELL)
        if found is None:
            raise NotFound(f"There is no file {path[:200]}. If the page was never built: python3 run.py build-pwa")
        return found


def _read(path: Path, folder: Path) -> PageFile:
    body = path.read_bytes()
    packed = path.with_name(path.name + ".br")
    return PageFile(
        body=body,
        brotli=packed.read_bytes() if packed.exists() else None,
        media_type=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        etag=f'"{hashlib.sha256(body).hexdigest()[:24]}"',
        is_hashed=_HASHED.match(path.relative_to(folder).as_posix()) is not None,
    )


@get(["/", "/{path:path}"], opt={"public": True}, include_in_schema=False, sync_to_thread=False)
def serve_page(request: Request[Any, Any, Any]) -> Response[bytes]:
    """A file of the built page, or its shell."""
    page: Page = request.app.state.page
    found = page.find(request.url.path.lstrip("/") or SHELL)
    headers = {
        "etag": found.etag,
        "cache-control": IMMUTABLE if found.is_hashed else "no-cache",
        "vary": "accept-encoding",
    }
    if request.headers.get("sec-fetch-dest") == "document":  # Not for the copy that the service worker keeps.
        language, is_signed_in = request.headers.get("accept-language", ""), SESSION_COOKIE in request.cookies
        headers["link"] = page.hints(request.url.path, language=language, is_signed_in=is_signed_in)
    if request.headers.get("if-none-match") == found.etag:
        return Response(b"", status_code=304, headers=headers)
    body = found.body
    if found.brotli is not None and "br" in request.headers.get("accept-encoding", ""):
        body = found.brotli
        headers["content-encoding"] = "br"
    return Response(body, headers=headers, media_type=found.media_type)
