"""Answers, packed as the caller can read them, and flushed at each mark, so that a cut answer can be read to there.

The pace follows what the packing achieves, so that a mark stands about every 4 KB on the wire.
"""

import zlib
from collections.abc import Iterator
from typing import Protocol

import brotli  # type: ignore[import-untyped]  # ships no types
import zstandard

from sync.page import Pace

WIRE_BYTES_A_MARK = 3_600  # A little below 4 KB: the ratio is known only afterwards.
RAW_BYTES_MIN = 1_024
RAW_BYTES_MAX = 131_072
GZIP_BITS = 31
SMALL_BYTES = 262_144


class Packer(Protocol):
    def pack(self, block: bytes) -> bytes:
        """Everything of the block, readable by itself once what came before was read."""

    def end(self) -> bytes: ...


def choose(accept_encoding: str) -> str:
    """The best of zstd, brotli and gzip that the caller names; `identity` else."""
    offered = names_of(accept_encoding)
    for name in ("zstd", "br", "gzip"):
        if name in offered:
            return name
    return "identity"


def names_of(accept_encoding: str) -> set[str]:
    """What the caller says it can read."""
    offered: set[str] = set()
    for part in accept_encoding.lower().split(","):
        name, _, parameters = part.partition(";")
        if parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            offered.add(name.strip())
    return offered


def packer(name: str, *, raw_bytes: int) -> Packer:
    """`raw_bytes`: about how much there will be."""
    match name:
        case "zstd":
            return _Zstd(raw_bytes)
        case "br":
            return _Brotli()
        case "gzip":
            return _Gzip()
        case _:
            return _Plain()


def packed(blocks: Iterator[bytes], with_packer: Packer, pace: Pace) -> Iterator[bytes]:
    """Pack block by block, and tell the writer how much it may put between two marks."""
    for block in blocks:
        piece = with_packer.pack(block)
        raw_a_mark = int(WIRE_BYTES_A_MARK * len(block) / max(1, len(piece)))
        pace.raw_bytes = max(RAW_BYTES_MIN, min(RAW_BYTES_MAX, (pace.raw_bytes + raw_a_mark) // 2))
        yield piece
    if last := with_packer.end():
        yield last


class _Plain:
    def pack(self, block: bytes) -> bytes:
        return block

    def end(self) -> bytes:
        return b""


# Tables for answers of the usual size: setting up those for any size costs a third of packing a small answer.
_SMALL = zstandard.ZstdCompressionParameters.from_level(3, source_size=131_072)
_LARGE = zstandard.ZstdCompressionParameters.from_level(3)


class _Zstd:
    def __init__(self, raw_bytes: int) -> None:
        parameters = _SMALL if raw_bytes <= SMALL_BYTES else _LARGE
        self._stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()

    def pack(self, block: bytes) -> bytes:
        return self._stream.compress(block) + self._stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def end(self) -> bytes:
        return self._stream.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH)


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Compressor(quality=4, lgwin=20)

    def pack(self, block: bytes) -> bytes:
        return bytes(self._stream.process(block)) + bytes(self._stream.flush())

    def end(self) -> bytes:
        return bytes(self._stream.finish())


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.compressobj(6, zlib.DEFLATED, GZIP_BITS)

    def pack(self, block: bytes) -> bytes:
        return self._stream.compress(block) + self._stream.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        return self._stream.flush()
