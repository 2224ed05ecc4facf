"""A phone's pen: writes ops as byte strings, numbered from 1, as a real phone does."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5

import msgspec

from sync.collection import Collection
from sync.ops import hash_of

AT_START_MS = 1_790_000_000_000
_IDS = UUID("0198f2a0-0000-7000-8000-000000000000")


def id_of(word: str) -> UUID:
    """The same id for the same word: tests read better with names."""
    return uuid5(_IDS, word)


class Pen:
    """Writes the ops of one device. `at` goes on by a second with each op."""

    def __init__(self, device: str = "phone", *, user: str = "amina") -> None:
        self.device_id = id_of(f"device {device}")
        self.user_id = id_of(f"user {user}")
        self.ops: list[bytes] = []
        self._made = 0

    @property
    def confirmed(self) -> tuple[int, str]:
        """What the phone says when it holds all receipts."""
        return (len(self.ops), hash_of(self.ops[-1])) if self.ops else (0, "")

    def create(self, collection: Collection, id_: UUID, fields: dict[str, Any], **more: Any) -> bytes:
        return self.write(kind="create", collection=collection.name, id=id_, fields=fields, **more)

    def patch(self, collection: Collection, id_: UUID, fields: dict[str, Any], **more: Any) -> bytes:
        return self.write(
            kind="patch", collection=collection.name, id=id_, fields=fields, op=self._identity(more), **more
        )

    def delete(self, collection: Collection, id_: UUID, **more: Any) -> bytes:
        return self.write(kind="delete", collection=collection.name, id=id_, op=self._identity(more), **more)

    def command(self, name: str, **args: Any) -> bytes:
        more = args.pop("more", {})
        return self.write(kind="command", command=name, args=args, op=self._identity(more), **more)

    def batch(
        self, collection: Collection, same: dict[str, Any], columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> bytes:
        return self.write(
            kind="batch", collection=collection.name, same=same, columns=columns, rows=rows, op=self._identity({})
        )

    def void(self) -> bytes:
        return self.write(kind="void")

    def write(self, **op: Any) -> bytes:
        """Any op at all; `n`, `schema` and `at` are given unless said."""
        self._made += 1
        return self.raw(
            msgspec.json.encode({"n": len(self.ops) + 1, "schema": 1, "at": [AT_START_MS + 1000 * self._made, 0], **op})
        )

    def raw(self, op: bytes) -> bytes:
        self.ops.append(op)
        return op

    def _identity(self, more: dict[str, Any]) -> UUID:
        identity = more.pop("op", None) or id_of(f"op {self.device_id} {self._made}")
        return UUID(str(identity))
