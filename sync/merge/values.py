"""What a merge answers, and when two values are the same."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

State = dict[str, Any]
"""`merge_state` of a row, by field: LWW, LIST, TEXT and CAS [version, [wall, counter], device] · SET {element: the same
and whether it is there} · a sum of JOIN {device: its own total}."""

SERVER = "server"  # The device of a stamp that a server-side writer left.


@dataclass(frozen=True)
class Merged:
    """What to write: the columns that change, and the new merge state if it changes."""

    columns: dict[str, Any]
    state: State | None
    is_as_offered: bool  # Every offered value now stands as it was offered.


def same_value(one: Any, other: Any) -> bool:
    """Equal as the wire would show them: instants to the millisecond, structs as plain values."""
    if one is other or one == other:
        return not (isinstance(one, bool) ^ isinstance(other, bool))
    return bool(_plain(one) == _plain(other))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        utc = value.astimezone(UTC)
        return utc.replace(microsecond=utc.microsecond // 1000 * 1000)
    return msgspec.to_builtins(value)
