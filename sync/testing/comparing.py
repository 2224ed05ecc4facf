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
        sums = self._sums(self.pending[:ASKS_MAX])
        for prefix in self.pending[:ASKS_MAX]:
            size += CHILD_BYTES * (len(sums[prefix]) + 1)
            if found and size > ASK_BYTES_MAX:
                break
            found.append({"prefix": prefix, "sums": sums[prefix]})
            self.asked.append(prefix)
        return found

    def _sums(self, prefixes: list[Prefix]) -> dict[Prefix, dict[str, str]]:
        """What is held below each child of these prefixes."""
        found: dict[Prefix, dict[str, str]] = {prefix: {} for prefix in prefixes}
        for length in {len(prefix) // 2 for prefix in prefixes} - {ID_BYTES}:
            lines = ((UUID(key[1]), line_digest(line), len(line)) for key, line in self.lines.items())
            for child, entry in sums_by_prefix(lines, length + 1).items():
                if child[:-2] in found:
                    found[child[:-2]][child[-2:]] = digest_text(entry.rows, entry.digest)
        return found

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
