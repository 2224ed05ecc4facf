"""The ledger of erasures: an object for each person who was erased, outside the database. Ids and times, no names.

A database that comes back from a copy may hold them again: the ledger is applied before it opens.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from server.backup.objects import Objects

PREFIX = "erasures/"


class Erased(msgspec.Struct, frozen=True):
    user_id: UUID
    at: datetime


Ledger = dict[UUID, datetime]


def key_of(user_id: UUID) -> str:
    return f"{PREFIX}{user_id}.json"


def encode(user_id: UUID, at: datetime) -> bytes:
    return msgspec.json.encode(Erased(user_id, at))


def decode(bodies: Iterable[bytes]) -> Ledger:
    """What cannot be read raises msgspec.MsgspecError: to open without it would bring somebody back."""
    found = (msgspec.json.decode(body, type=Erased) for body in bodies)
    return {entry.user_id: entry.at for entry in found}


def read_ledger(objects: Objects) -> Ledger:
    """Raises StoreAway."""
    keys = [entry.key for entry in objects.entries(PREFIX)]
    return decode(b"".join(objects.read(key)) for key in keys)
