"""A phone's half of a comparison: which prefixes to ask for next, and what an answer does to the rows held."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sync.digest import digest_text, line_digest
from sync.reconcile import ASKS_MAX, ID_BYTES, Prefix, prefix_of, sums_by_prefix

ASK_BYTES_MAX = 131_072  # Well below what a request may hold.
CHILD_BYTES = 32  # About what one sum takes in a request.

Key = tuple[str, str]  # collection, id


@dataclass
class Comparison:
    """Compares one (bucket, tier). `lines` is what the phone holds of it, without line ends; leaves change it in place.

    Ask until `is_done`; an answer that was cut is worth the leaves that ended.
    """

    lines: dict[Key, bytes]
    pending: list[Prefix] = field(default_factory=lambda: [""])
    asked: list[Prefix] = field(default_factory=list)
    digest: str = ""  # Of the whole set, as the last answer told it.
    head: int = 0

    @property
    def is_done(self) -> bool:
        return not self.pending

    def ask(self) -> list[dict[str, Any]]:
        """The next prefixes with the sums of their children, as `ask` of a request."""
        found: list[dict[str, Any]] = []
        self.asked = []
        size = 0
        for prefix in self.pending[:ASKS_MAX]:
            sums = self._sums(prefix)
            size += CHILD_BYTES * (len(sums) + 1)
            if found and size > ASK_BYTES_MAX:
                break
            found.append({"prefix": prefix, "sums": sums})
            self.asked.append(prefix)
        return found

    def _sums(self, prefix: Prefix) -> dict[str, str]:
        length = len(prefix) // 2
        if length == ID_BYTES:
            return {}
        below = [
            (UUID(key[1]), line_digest(line), len(line))
            for key, line in self.lines.items()
            if prefix_of(UUID(key[1]), length) == prefix
        ]
        sums = sums_by_prefix(below, length + 1)
        return {found[-2:]: digest_text(entry.rows, entry.digest) for found, entry in sums.items()}

    def hear(self, raw_lines: Iterable[bytes]) -> list[Key]:
        """Take in one answer, whole or cut; the keys of what changed or went."""
        changed: list[Key] = []
        collection = leaf = ""
        fresh: dict[Key, bytes] = {}
        for raw in raw_lines:
            match json.loads(raw):
                case [int(), dict() as row]:
                    fresh[collection, row["id"]] = raw.rstrip(b"\n")
                case {"leaf": leaf}:
                    fresh = {}
                case {"collection": collection}:
                    pass
                case {"end": end} if end == leaf:
                    changed += self._replace(leaf, fresh)
                case {"differ": differ}:
                    self.pending = [*self.pending[len(self.asked) :], *differ]
                case {"digest": digest, "head": head}:
                    self.digest, self.head = digest, head
        return changed

    def _replace(self, leaf: Prefix, fresh: dict[Key, bytes]) -> list[Key]:
        """A leaf is complete: what is held under it and was not named is gone."""
        length = len(leaf) // 2
        held = {key: line for key, line in self.lines.items() if prefix_of(UUID(key[1]), length) == leaf}
        for key in held.keys() - fresh.keys():
            del self.lines[key]
        self.lines.update(fresh)
        return [key for key in held.keys() | fresh.keys() if held.get(key) != fresh.get(key)]

    @property
    def agrees(self) -> bool:
        """Whether what is held is what the log held when it answered last."""
        total = 0
        for line in self.lines.values():
            total ^= line_digest(line)
        return digest_text(len(self.lines), total) == self.digest
