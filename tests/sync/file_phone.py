"""A phone that reads base files: it keeps lists, takes a line only where it holds nothing, and checks at last."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from tests.sync.phone import Digests, Key, Phone

Pair = tuple[str, int]


@dataclass
class FileList:
    """Which chunks a set consists of, as far as the lines came."""

    base: int
    path: str
    count: int
    chunks: dict[int, tuple[str, int, int]] = field(default_factory=dict)


@dataclass
class FilePhone(Phone):
    """`lists` are those with chunks outstanding; their sets are hidden."""

    lists: dict[Pair, FileList] = field(default_factory=dict)
    used: set[tuple[Pair, str]] = field(default_factory=set)  # chunks that are in
    removed: set[Key] = field(default_factory=set)  # gone lines of hidden sets
    check: set[Pair] = field(default_factory=set)

    def outstanding(self, pair: Pair) -> list[str]:
        """Hashes still to be fetched, in the order of the list."""
        found = self.lists.get(pair)
        named = [found.chunks[place][0] for place in sorted(found.chunks)] if found else []
        return [sha256 for sha256 in named if (pair, sha256) not in self.used]

    def use_chunk(self, pair: Pair, sha256: str, body: bytes) -> bool:
        """Take a chunk in; False when its bytes are not what its name says."""
        if hashlib.sha256(body).hexdigest() != sha256:
            return False
        collection = ""
        for raw in body.splitlines():
            match json.loads(raw):
                case {"collection": collection}:
                    pass
                case [_, row]:
                    key = (*pair, collection, row["id"])
                    if key not in self.rows and key not in self.removed:
                        self.rows[key] = raw.decode()
        self.used.add((pair, sha256))
        self._close(pair)
        return True

    def _close(self, pair: Pair) -> None:
        found = self.lists.get(pair)
        if found and len(found.chunks) == found.count and not self.outstanding(pair):
            del self.lists[pair]
            self.used = {(whose, sha256) for whose, sha256 in self.used if whose != pair}
            self.removed = {key for key in self.removed if key[:2] != pair}
            self.check.add(pair)

    # --- what the plain phone does, and files beside it ---

    def _note(self, line: dict[str, Any], above: list[tuple[str, Any]], digests: Digests) -> None:
        above += [("files", entry) for entry in line.get("files", [])]
        super()._note(line, above, digests)

    def _take(self, what: str, step: Any) -> None:
        if what == "files":
            self._take_list(step)
            return
        if what == "joined":  # Its list stands above it, and is its own.
            kept = {pair: found for pair, found in self.lists.items() if pair in set(step)}
            super()._take(what, step)
            self.lists |= kept
            return
        super()._take(what, step)
        if what == "row":
            bucket, collection, value, _ = step
            pair = (bucket, self.tiers[collection])
            if pair in self.lists and isinstance(value[1], str):
                self.removed.add((*pair, collection, value[1]))

    def _take_list(self, entry: dict[str, Any]) -> None:
        pair = (entry["bucket"], entry["tier"])
        found = self.lists.get(pair)
        if found is None or found.base != entry["base"]:
            found = self.lists[pair] = FileList(entry["base"], entry["path"], entry["count"])
        found.path = entry["path"]
        found.chunks |= {place: tuple(chunk) for place, chunk in enumerate(entry["chunks"], start=entry["first"])}
        self._close(pair)

    def _drop(self, pairs: set[Pair]) -> None:
        super()._drop(pairs)
        self.lists = {pair: found for pair, found in self.lists.items() if pair not in pairs}
        self.used = {(pair, sha256) for pair, sha256 in self.used if pair not in pairs}
        self.removed = {key for key in self.removed if key[:2] not in pairs}
        self.check -= pairs

    def _show(self, cut: dict[str, Any], digests: Digests) -> None:
        super()._show(cut, digests)
        self.shown = {key: line for key, line in self.shown.items() if key[:2] not in self.lists}

    def _compare(self, digests: Digests, earlier: Digests) -> None:
        for bucket, tiers in digests.items():
            earlier.setdefault(bucket, {}).update(tiers)
        before = len(self.mismatches)
        for bucket, tier in self.lists:  # Hidden: nothing is said of it before it is whole.
            earlier.get(bucket, {}).pop(str(tier), None)
        named = {(bucket, int(tier)) for bucket, tiers in earlier.items() for tier in tiers}
        super()._compare({}, earlier)
        if len(self.mismatches) == before:
            self.check -= named
