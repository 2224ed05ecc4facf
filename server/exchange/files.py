"""`GET /files/{capability}/{sha256}`: one chunk of a base file, for ever the same, from memory or the object store.

The capability says which bucket and which day; the files of a bucket lie in a folder of its own, so whoever opens that
folder reads nothing else, and no database is asked. A file that should be there and is not withdraws its base.
"""

import asyncio
import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from litestar import asgi
from litestar.enums import ScopeType
from litestar.exceptions import MethodNotAllowedException
from litestar.types import Receive, Scope, Send

from server.base import clock
from server.base.errors import NotFound, Unavailable
from server.exchange.packing import names_of
from server.media.serving import SHA256, Conditions, choose_part
from sync.cutting import Blobs
from sync.errors import Outage
from sync.files import blob_key, day_of, make_capability, read_capability
from sync.protocol import CONTENT_TYPE

KEPT_BYTES = 64 * 1024 * 1024
KEPT_S = 600.0  # What was taken away (an erasure) is not read from memory for longer.
MISSES_MAX = 4_096
MISS_S = 1.0
READS_MAX = 16  # of the store at once
AWAY_S = 30.0  # How long no files are offered after the store did not answer.
PREFERRED = ("br", "zstd")  # by size

IMMUTABLE = "public, max-age=31536000, immutable"

OnLoss = Callable[[str, str], Awaitable[None]]  # (folder, sha256)

log = structlog.get_logger()


class FileUnknown(NotFound):
    """There is no such file, or its path is not good any more; ask the exchange for the list."""

    code = "file.unknown"


class FileUnavailable(Unavailable):
    """The file store does not answer; try again, or leave `want.files` out to be filled without files."""

    code = "file.unavailable"


@dataclass(frozen=True)
class File:
    body: bytes
    encoding: str


class Files:
    """The files of one process: their paths, and their bytes, some of which it keeps."""

    def __init__(self, blobs: Blobs, signing_key: bytes, *, on_loss: OnLoss) -> None:
        self._blobs = blobs
        self._key = hmac.new(signing_key, b"files", hashlib.sha256).digest()
        self._on_loss = on_loss
        self._kept: OrderedDict[str, tuple[bytes, float]] = OrderedDict()  # key → (body, when it was read)
        self._kept_bytes = 0
        self._missing: OrderedDict[str, float] = OrderedDict()
        self._reads: dict[str, asyncio.Task[bytes | None]] = {}
        self._room = asyncio.Semaphore(READS_MAX)
        self._telling = asyncio.Lock()  # One loss at a time: whoever has a path may ask for what never was.
        self._away_until = 0.0

    @property
    def is_away(self) -> bool:
        """The store did not answer a moment ago: better the log than files that cannot be had."""
        return time.monotonic() < self._away_until

    def path_of(self, bucket: str) -> str:
        """The same for all who hold the bucket today."""
        return f"/files/{make_capability(self._key, bucket, day=_today())}/"

    def folder(self, capability: str) -> str:
        """Raises FileUnknown for one that is not ours, or is past its days."""
        folder = read_capability(self._key, capability, day=_today())
        if folder is None:
            raise FileUnknown
        return folder

    async def read(self, folder: str, sha256: str, accepted: set[str]) -> File:
        """The smallest that the caller can read. Raises FileUnknown, and FileUnavailable."""
        encodings = [name for name in PREFERRED if name in accepted]
        for encoding in [*encodings, "identity"]:
            body = await self._read(folder, sha256, encoding)
            if body is not None:
                return File(body, encoding)
        raise FileUnknown

    async def _read(self, folder: str, sha256: str, encoding: str) -> bytes | None:
        key, now = blob_key(folder, sha256, encoding), time.monotonic()
        body, at = self._kept.get(key, (None, 0.0))
        if body is not None and now - at < KEPT_S:
            self._kept.move_to_end(key)
            return body
        if now - self._missing.get(key, -MISS_S) < MISS_S:
            return None
        # Thirty who begin together read the store once.
        read = self._reads.get(key)
        if read is None:
            read = self._reads[key] = asyncio.create_task(self._fetch(key, folder, sha256))
            read.add_done_callback(lambda _: self._reads.pop(key, None))
        try:
            return await asyncio.shield(read)
        except Outage as error:
            self._away_until = time.monotonic() + AWAY_S
            log.warning("files.away", error=repr(error))
            raise FileUnavailable from error

    async def _fetch(self, key: str, folder: str, sha256: str) -> bytes | None:
        async with self._room:
            body = await self._blobs.get(key)
        if body is not None:
            self._keep(key, body)
            return body
        self._note_miss(key)
        async with self._telling:
            await self._on_loss(folder, sha256)
        return None

    def _keep(self, key: str, body: bytes) -> None:
        old, _ = self._kept.pop(key, (b"", 0.0))
        self._kept[key] = (body, time.monotonic())
        self._kept_bytes += len(body) - len(old)
        while self._kept_bytes > KEPT_BYTES:
            _, (dropped, _) = self._kept.popitem(last=False)
            self._kept_bytes -= len(dropped)

    def _note_miss(self, key: str) -> None:
        self._missing.pop(key, None)
        self._missing[key] = time.monotonic()
        if len(self._missing) > MISSES_MAX:
            self._missing.popitem(last=False)


def _today() -> int:
    return day_of(int(clock.now().timestamp() * 1000))


@asgi("/files", is_mount=True, copy_scope=True)
async def get_file(scope: Scope, receive: Receive, send: Send) -> None:
    """One chunk of a base file, whole or a range, packed as the caller can read it. 404 `file.unknown` in any doubt.

    Written for ASGI alone: a course is a hundred of these in a row, and a request object and an injected handler would
    cost four times what the answer does.
    """
    del receive  # It has no body.
    if scope["type"] != ScopeType.HTTP or scope["method"] != "GET":
        raise MethodNotAllowedException
    files: Files = scope["litestar_app"].state.exchange.files
    asked = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    _, capability, sha256 = f"{scope['path']}//".split("/")[:3]
    if not SHA256.fullmatch(sha256):
        raise FileUnknown
    file = await files.read(files.folder(capability), sha256, names_of(asked.get("accept-encoding", "")))
    etag = f'"{sha256}"' if file.encoding == "identity" else f'"{sha256}.{file.encoding}"'
    part = choose_part(len(file.body), etag, Conditions.of(asked))
    body = b"" if part.status == 304 else file.body[part.start : part.end + 1]
    headers = part.headers | {"cache-control": IMMUTABLE, "vary": "accept-encoding", "content-type": CONTENT_TYPE}
    if part.status != 304:
        headers["content-length"] = str(len(body))
        if file.encoding != "identity":
            headers["content-encoding"] = file.encoding
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": part.status, "headers": encoded})
    await send({"type": "http.response.body", "body": body, "more_body": False})
