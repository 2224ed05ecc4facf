"""A phone at the far end of a link: it takes what came of an answer, and remembers what it has stored for good."""

import json
import zlib
from dataclasses import dataclass, field
from typing import Protocol

import httpx
import zstandard

from tests.support.phone import JSON, Phone
from tests.support.proxy import Proxy

EXCHANGES_MAX = 1_000
PATIENCE_S = 60.0
STALL_S = 0.3  # How long it waits for a byte where the link is known to stall.
BYTES_MIN, BYTES_MAX = 8_192, 262_144
GONE = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError, httpx.ReadTimeout, httpx.ConnectError)


class Unpacker(Protocol):
    def decompress(self, data: bytes, /) -> bytes: ...


class _Plain:
    def decompress(self, data: bytes, /) -> bytes:
        return data


def unpacker(packing: str) -> Unpacker:
    match packing:
        case "gzip":
            return zlib.decompressobj(31)
        case "zstd":
            return zstandard.ZstdDecompressor().decompressobj()
        case _:
            return _Plain()


@dataclass
class Afar:
    """`paces`: pages grow with each whole answer and shrink with each that was cut, as a real phone's do."""

    phone: Phone
    proxy: Proxy
    token: str
    packing: str = "identity"
    bytes_wanted: int = 65_536
    paces: bool = False
    stored: set[tuple[str, bytes]] = field(default_factory=set)  # (heading, row) above a mark that was stored
    again: int = 0  # Rows that came although they stood above one
    rows: int = 0

    async def exchange(self) -> bool:
        """One round trip through the link, whatever becomes of it; True when the phone must ask again."""
        body = self.phone.body().replace(b'"bytes":262144', b'"bytes":%d' % self.bytes_wanted)
        received, status, is_whole = b"", 0, False
        unpack = unpacker(self.packing)
        try:
            async with (
                httpx.AsyncClient(base_url=self.proxy.url) as client,
                client.stream(
                    "POST",
                    "/api/v1/sync",
                    content=body,
                    headers={**JSON, "authorization": self.token, "accept-encoding": self.packing},
                    timeout=httpx.Timeout(PATIENCE_S, read=STALL_S if self._is_stalled() else PATIENCE_S),
                ) as answer,
            ):
                status = answer.status_code
                async for piece in answer.aiter_raw():
                    received += unpack.decompress(piece)
                is_whole = True
        except GONE:
            pass
        self._pace(is_whole=is_whole)
        if status == 204:
            return False
        assert status in (0, 200, 503)
        return self._take(received) if status == 200 else True

    def _pace(self, *, is_whole: bool) -> None:
        if self.paces:
            wanted = self.bytes_wanted * 2 if is_whole else self.bytes_wanted // 2
            self.bytes_wanted = max(BYTES_MIN, min(BYTES_MAX, wanted))

    def _is_stalled(self) -> bool:
        return self.proxy.fate_of(self.proxy.connections).stall_after is not None

    def _take(self, received: bytes) -> bool:
        whole = received[: received.rfind(b"\n") + 1]
        self._count(whole.splitlines())
        return self.phone.apply(whole) if whole else True

    def _count(self, lines: list[bytes]) -> None:
        heading, above = "", []
        for raw in lines:
            line = json.loads(raw)
            if isinstance(line, list):
                self.rows += 1
                self.again += (heading, raw) in self.stored
                above.append((heading, raw))
            elif "bucket" in line:
                heading = f"{line['bucket']} {line['collection']}"
            elif "mark" in line or "more" in line:
                self.stored.update(above)
                above = []

    async def sync(self) -> int:
        """Until there is nothing to send or to receive; how many exchanges it took."""
        for number in range(1, EXCHANGES_MAX):
            if not await self.exchange() and not self.phone.queue:
                return number
        raise AssertionError("the phone never comes to rest")
