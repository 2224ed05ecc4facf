"""Digests by which a phone's copy and the log are compared: 64 bits of MD5 a line, count and XOR a set.

Not for security. Never a CRC: it is linear, and two rows edited alike would cancel out.
"""

import hashlib
from collections.abc import Iterable

BITS = 64
_MASK = (1 << BITS) - 1


def line_digest(line: bytes) -> int:
    """First 64 bits of the MD5 of the line as sent, 0 … 2^64 − 1."""
    return int.from_bytes(hashlib.md5(line, usedforsecurity=False).digest()[:8], "big")


def set_digest(lines: Iterable[bytes]) -> tuple[int, int]:
    """(count, XOR) of the lines that are there; gone lines are not counted."""
    count = total = 0
    for line in lines:
        count += 1
        total ^= line_digest(line)
    return count, total


def digest_text(count: int, digest: int) -> str:
    """As it stands on the wire: `812:9f3c…`, 16 hexadecimal digits. `digest` may be the signed form of the database."""
    return f"{count}:{digest & _MASK:016x}"
