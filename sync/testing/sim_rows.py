"""The rows of a simulated phone: reads the lines of an answer, stages them, and shows them at a cut."""

import json
from dataclasses import dataclass, field
from typing import Any

from sync.digest import digest_text, line_digest

Pair = tuple[str, int]
Key = tuple[str, int, str, str]  # bucket, tier, collection, id


@dataclass
class SimRows:
    """`shown` is the last cut; `held` is what the stored cursor covers, staged lines included."""

    tiers: dict[str, int]
    cursor: str | None = None
    held: dict[Key, bytes] = field(default_factory=dict)
    shown: dict[Key, bytes] = field(default_factory=dict)
    pairs: set[Pair] = field(default_factory=set)
    settled: int = 0
    is_filling: bool = False  # Rows of a bucket that was just joined are still to come.
    cuts: int = 0
    settled_cuts: int = 0  # Those that told what is settled.
    mismatches: list[str] = field(default_factory=list)

    def take(self, lines: list[dict[str, Any] | list[Any]], raw_lines: list[bytes]) -> bool:
        """Store what stands above the last mark; True when the answer was whole and said that no more is to come."""
        bucket = collection = ""
        pending: list[tuple[str, Any]] = []
        digests: dict[str, dict[str, str]] = {}
        for value, raw in zip(lines, raw_lines, strict=True):
            if isinstance(value, list):
                pending.append(("row", (bucket, collection, value, raw)))
                continue
            if "bucket" in value:
                bucket, collection = value["bucket"], value["collection"]
            pending += [
                (name, {(b, t) for b, t in value[name]}) for name in ("joined", "left", "reconcile") if name in value
            ]
            is_last = "more" in value
            mark = value.get("mark") or (value if is_last else None)
            cut = value if is_last else (mark or {}).get("cut") or {}
            for name, tiers in (cut.get("digests") or value.get("digests") or {}).items():
                digests.setdefault(name, {}).update(tiers)
            if mark is None:
                continue
            for what, step in pending:
                self._step(what, step)
            pending = []
            self.cursor = mark["cursor"]
            self.is_filling = self.is_filling and not (is_last and not value["more"])
            if "settled" in cut:  # A cut: the increments have reached the head.
                self._compare(digests)
                self.shown, self.cuts = dict(self.held), self.cuts + 1
                if not self.is_filling:  # Else what is settled may be among the rows still to come.
                    self.settled, self.settled_cuts = cut["settled"], self.settled_cuts + 1
            if is_last:
                return not value["more"]
        return False

    def _step(self, what: str, step: Any) -> None:
        if what == "row":
            bucket, collection, (_, row), raw = step
            if isinstance(row, str):
                self.held.pop((bucket, self.tiers[collection], collection, row), None)
            else:
                self.held[bucket, self.tiers[collection], collection, row["id"]] = raw
        elif what == "joined":
            self._drop(step)
            self.pairs |= step
            self.is_filling = True
        elif what == "left":
            self._drop(step)
        else:
            self._drop(self.pairs - step)

    def _drop(self, pairs: set[Pair]) -> None:
        self.pairs -= pairs
        self.held = {key: line for key, line in self.held.items() if key[:2] not in pairs}
        if any(key[:2] in pairs for key in self.shown):
            self.shown = {key: line for key, line in self.shown.items() if key[:2] not in pairs}
            self.settled = 0  # What was settled is no longer shown by rows: the overlay shows it until they are back.

    def _compare(self, digests: dict[str, dict[str, str]]) -> None:
        for bucket, tiers in digests.items():
            for tier, expected in tiers.items():
                lines = [line for key, line in self.held.items() if key[:2] == (bucket, int(tier))]
                digest = 0
                for line in lines:
                    digest ^= line_digest(line)
                if digest_text(len(lines), digest) != expected:
                    self.mismatches.append(f"{bucket} {tier}: {digest_text(len(lines), digest)} is not {expected}")

    def rows(self, collection: str) -> dict[str, dict[str, Any]]:
        """Shown rows of a collection by id."""
        return {key[3]: json.loads(line)[1] for key, line in self.shown.items() if key[2] == collection}
