"""A phone that only follows the protocol: it reads the lines of answers and keeps what they say, as a browser would."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sync.digest import digest_text, line_digest

Digests = dict[str, dict[str, str]]  # bucket → tier → digest
Key = tuple[str, int, str, str]  # bucket, tier, collection, id


@dataclass
class Phone:
    """`shown` is the last cut; `staged` lies above it. `tiers` maps a collection to its tier."""

    tiers: dict[str, int]
    cursor: str | None = None
    want: list[str] = field(default_factory=list)
    shown: dict[Key, str] = field(default_factory=dict)
    rows: dict[Key, str] = field(default_factory=dict)  # shown and staged together
    held: set[tuple[str, int]] = field(default_factory=set)
    settled: int = 0
    cuts: int = 0
    mismatches: list[str] = field(default_factory=list)
    reconciled: set[tuple[str, int]] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    scope: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    watermark: list[Any] | None = None
    receipts: list[dict[str, Any]] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    marks: int = 0
    lines_read: int = 0
    numbers: dict[str, int] = field(default_factory=dict)  # of buckets, for tests that look into cursors
    on_cut: Callable[["Phone"], None] | None = None

    def read(self, lines: Iterable[bytes]) -> bool:
        """Take one answer in, whole or cut. Answers `more`; a cut answer is one more to come."""
        heading = ("", "")
        digests: Digests = {}
        above: list[tuple[str, Any]] = []  # since the last mark
        for raw in lines:
            self.lines_read += 1
            match json.loads(raw):
                case list() as row:
                    above.append(("row", (*heading, row, raw)))
                case {"bucket": bucket, "collection": collection}:
                    heading = (bucket, collection)
                case {"mark": mark}:
                    self._keep(above, mark["cursor"])
                    if cut := mark.get("cut"):
                        self._show(cut, digests)
                case {"cursor": cursor, "more": more, **last}:
                    self._keep(above, cursor)
                    if more:
                        self._compare(last.get("digests", {}), digests)
                    else:
                        self._show(last, digests)
                    return bool(more)
                case line:
                    self._note(line, above, digests)
        return True

    def _note(self, line: dict[str, Any], above: list[tuple[str, Any]], digests: Digests) -> None:
        named = [name for name in ("joined", "left", "reconcile") if name in line]
        above += [(name, [tuple(pair) for pair in line[name]]) for name in named]
        if "reconcile" in line:  # The list may take several lines; what it does not name goes when all is there.
            self.reconciled |= {tuple(pair) for pair in line["reconcile"]}
        self.receipts += line.get("receipts", [])
        self.refused += line.get("refused", [])
        self.again = line.get("again", self.again)
        self.watermark = line.get("watermark", self.watermark)
        self.scope |= {(entry["bucket"], entry["tier"]): entry for entry in line.get("scope", [])}
        _merge(digests, line.get("digests", {}))

    def _keep(self, above: list[tuple[str, Any]], cursor: str) -> None:
        """Everything above a mark is safe, with the mark's cursor."""
        self.marks += 1
        for what, step in above:
            self._take(what, step)
        above.clear()
        self.reconciled.clear()
        self.cursor = cursor

    def _show(self, cut: dict[str, Any], digests: Digests) -> None:
        self._compare(cut.get("digests", {}), digests)
        self.shown = dict(self.rows)
        self.cuts += 1
        self.settled = cut.get("settled", self.settled)
        if self.on_cut:
            self.on_cut(self)

    def _take(self, what: str, step: Any) -> None:
        match what:
            case "row":
                bucket, collection, value, raw = step
                tier = self.tiers[collection]
                is_gone = isinstance(value[1], str)
                key = (bucket, tier, collection, value[1] if is_gone else value[1]["id"])
                if is_gone:
                    self.rows.pop(key, None)
                else:
                    self.rows[key] = raw.rstrip(b"\n").decode()
            case "joined":
                self._drop(set(step))
                self.held |= set(step)
            case "left":
                self._drop(set(step))
            case "reconcile":
                self._drop(self.held - self.reconciled)
                self.held |= set(step)

    def _drop(self, pairs: set[tuple[str, int]]) -> None:
        self.held -= pairs
        self.rows = {key: line for key, line in self.rows.items() if key[:2] not in pairs}
        self.shown = {key: line for key, line in self.shown.items() if key[:2] not in pairs}

    def _compare(self, digests: Digests, earlier: Digests) -> None:
        """What came in lines of its own and with the cut itself, against what is held."""
        _merge(earlier, digests)
        for bucket, tiers in earlier.items():
            for tier, expected in tiers.items():
                lines = [line for key, line in self.rows.items() if key[:2] == (bucket, int(tier))]
                total = 0
                for line in lines:
                    total ^= line_digest(line.encode())
                if digest_text(len(lines), total) != expected:
                    self.mismatches.append(f"{bucket} {tier}: {digest_text(len(lines), total)} is not {expected}")
        earlier.clear()

    def bucket(self, name: str) -> dict[str, str]:
        """Shown lines of one bucket by record id."""
        return {key[3]: line for key, line in self.shown.items() if key[0] == name}


def _merge(into: Digests, more: Digests) -> None:
    for bucket, tiers in more.items():
        into.setdefault(bucket, {}).update(tiers)
