"""Ids: UUIDv7 where a row is born; UUIDv5 of a natural key where two births must meet."""

import secrets
import time
from uuid import UUID

from sync.collection import derived_id

__all__ = ["derived_id", "new_id"]


def new_id() -> UUID:
    """A UUIDv7: 48 bits of Unix milliseconds, then random bits. Order is never read from it. Source: RFC 9562 §5.7."""
    milliseconds = time.time_ns() // 1_000_000
    random_bits = secrets.randbits(74)
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80
    value |= 0x7 << 76
    value |= (random_bits >> 62) << 64
    value |= 0b10 << 62
    value |= random_bits & 0x3FFF_FFFF_FFFF_FFFF
    return UUID(int=value)
