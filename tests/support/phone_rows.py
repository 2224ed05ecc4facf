"""The rows of the phone that only follows the protocol: held as they come, shown at a cut whose digests agree.

lines ─► held (with the cursor, at each mark) ─► digests of the cut agree ─► shown
                                            └──► they do not ─► the check list, and the old cut stays
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sync.digest import digest_text, line_digest

Pair = tuple[str, int]  # bucket, tier
Key = tuple[str, str]  # collection, id
Rows = dict[Pair, dict[Key, bytes]]  # lines without their ends


def digest_of(lines: Iterable[bytes]) -> str:
    """`count:digest`, as answers tell it."""
    count = total = 0
    for line in lines:
        count += 1
        total ^= line_digest(line)
    return digest_text(count, total)


@dataclass
class PhoneRows:
    """Everything here is durable: a phone that is started again begins with it."""

    cursor: str | None = None
    held: Rows = field(default_factory=dict)
    shown: Rows = field(default_factory=dict)
    filling: set[Pair] = field(default_factory=set)  # Joined, and not complete yet.
    check: set[Pair] = field(default_factory=set)  # Not trusted: compared, until a digest agrees.
    settled: int = 0
    cuts: int = 0
    refused_cuts: int = 0

    def take(self, raw_lines: Iterable[bytes]) -> bool:
        """Store what stands above the last mark of an answer, whole or cut; True when there is more to come."""
        reading = _Reading(self)
        for raw in raw_lines:
            line = json.loads(raw)
            if isinstance(line, list):
                reading.row(line, raw)
                continue
            reading.control(line)
            is_last = "more" in line
            mark = line if is_last else line.get("mark")
            if mark is None:
                continue
            reading.store(mark["cursor"])
            cut = line if is_last else mark.get("cut", {})
            reading.due_with(cut)
            if is_last and not line["more"]:
                self.filling.clear()
            if "settled" in cut:
                self._cut(reading.due, cut["settled"])
                reading.due = {}
            if is_last:
                return bool(line["more"])
        return True

    def _cut(self, due: dict[Pair, str], settled: int) -> None:
        wrong = {pair for pair, digest in due.items() if digest_of(self.held.get(pair, {}).values()) != digest}
        self.check -= due.keys() - wrong
        if wrong:
            self.check |= wrong | {pair for pair in self.held if self.held[pair] != self.shown.get(pair, {})}
            self.check -= self.filling
        if self.check:
            self.refused_cuts += 1
        else:
            self.shown = {pair: dict(lines) for pair, lines in self.held.items()}
            self.settled, self.cuts = settled, self.cuts + 1

    def drop(self, pairs: Iterable[Pair]) -> None:
        for pair in pairs:
            self.held.pop(pair, None)
            self.shown.pop(pair, None)
            self.check.discard(pair)
            self.filling.discard(pair)


class _Reading:
    """One answer while it is read: what stands above the next mark."""

    def __init__(self, rows: PhoneRows) -> None:
        self.rows = rows
        self.due: dict[Pair, str] = {}
        self._above: list[tuple[Pair, Key, bytes | None]] = []
        self._named: list[tuple[str, set[Pair]]] = []
        self._reconcile: set[Pair] | None = None
        self._pair: Pair = ("", 0)
        self._collection = ""

    def row(self, line: list[Any], raw: bytes) -> None:
        is_gone = isinstance(line[1], str)
        key = self._collection, line[1] if is_gone else line[1]["id"]
        self._above.append((self._pair, key, None if is_gone else raw.rstrip(b"\n")))

    def control(self, line: dict[str, Any]) -> None:
        if "bucket" in line:
            self._pair, self._collection = (line["bucket"], line["tier"]), line["collection"]
        for name in ("left", "joined"):
            if name in line:
                self._named.append((name, pairs_of(line[name])))
        if "reconcile" in line:  # The list may take several lines; what it does not name goes when it is whole.
            self._reconcile = (self._reconcile or set()) | pairs_of(line["reconcile"])
        if "more" not in line:
            self.due_with(line)

    def due_with(self, cut: dict[str, Any]) -> None:
        for bucket, tiers in cut.get("digests", {}).items():
            self.due.update({(bucket, int(tier)): digest for tier, digest in tiers.items()})

    def store(self, cursor: str) -> None:
        """What stood above a mark, with the mark's cursor, as one transaction."""
        rows = self.rows
        if self._reconcile is not None:
            rows.drop(rows.held.keys() - self._reconcile)
            rows.held = {pair: rows.held.get(pair, {}) for pair in self._reconcile}
            rows.filling.clear()
            rows.check |= self._reconcile
        for name, pairs in self._named:
            rows.drop(pairs)
            if name == "joined":
                rows.held.update({pair: {} for pair in pairs})
                rows.filling |= pairs
        for pair, key, line in self._above:
            if line is None:
                rows.held.get(pair, {}).pop(key, None)
            else:
                rows.held.setdefault(pair, {})[key] = line
        for pair in rows.filling:  # Shown as it comes, marked as downloading.
            rows.shown[pair] = dict(rows.held[pair])
        rows.cursor = cursor
        self._above, self._named, self._reconcile = [], [], None


def pairs_of(named: list[list[Any]]) -> set[Pair]:
    return {(bucket, tier) for bucket, tier in named}
