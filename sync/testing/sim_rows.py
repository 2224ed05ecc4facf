"""The rows of a simulated phone: reads an answer's lines, stages them, and shows them at a cut whose digests agree.

lines ─► held: what the stored cursor covers, staged lines included ─► shown: the last cut
            │ digests differ, a chunk is damaged, `reconcile`
            ▼
         check: what is not trusted. While it is not empty no cut is shown; comparing mends it
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec

from sync.digest import digest_text, line_digest
from sync.testing.sim_files import Downloads

Pair = tuple[str, int]
Key = tuple[str, int, str, str]  # bucket, tier, collection, id

FROM_FILES = "came as files"

digest_of = lru_cache(maxsize=8_192)(line_digest)
_decode = msgspec.json.decode


@dataclass
class SimRows:
    """What of a phone's rows is durable. Everything changes together, at the last mark of an answer that came."""

    cursor: str | None = None
    listed: tuple[str, ...] | None = None  # `want.buckets` of the exchange that brought the cursor
    held: dict[Key, bytes] = field(default_factory=dict)
    shown: dict[Key, bytes] = field(default_factory=dict)
    pairs: set[Pair] = field(default_factory=set)
    filling: set[Pair] = field(default_factory=set)  # Joined, and not known to be complete.
    check: dict[Pair, str] = field(default_factory=dict)  # Not trusted, and why.
    mend: list[Pair] = field(default_factory=list)  # To be compared: their digests did not agree.
    files: Downloads = field(default_factory=Downloads)
    settled: int = 0
    cuts: int = 0
    cut_cursor: str | None = None  # of the cut that is shown
    cut_listed: tuple[str, ...] | None = None  # `want.buckets` of its exchange
    cut_hidden: frozenset[Pair] = frozenset()  # It shows nothing of these: chunks were outstanding.
    refused_cuts: int = 0
    settled_cuts: int = 0  # Those that told what is settled.
    unexplained: list[str] = field(default_factory=list)  # Digests that differ although nothing was distrusted.

    def copied(self) -> "SimRows":
        return SimRows(
            self.cursor,
            self.listed,
            dict(self.held),
            dict(self.shown),
            set(self.pairs),
            set(self.filling),
            dict(self.check),
            list(self.mend),
            self.files.copied(),
            self.settled,
            self.cuts,
            self.cut_cursor,
            self.cut_listed,
            self.cut_hidden,
            self.refused_cuts,
            self.settled_cuts,
        )

    def take(self, lines: list[Any], raw_lines: list[bytes], *, own: str, names: tuple[str, ...] | None) -> bool:
        """Store what stands above the last mark; True when the answer was whole and said that no more is to come.

        `own` is the user's own bucket: while it is being filled nothing settles. `names`: as they were asked for.
        """
        reading = _Reading(self)
        for value, raw in zip(lines, raw_lines, strict=True):
            if type(value) is list:
                reading.row(value, raw)
                continue
            reading.control(value)
            is_last = "more" in value
            mark = value if is_last else value.get("mark")
            if mark is None:
                continue
            cut = value if is_last else mark.get("cut", {})
            reading.digests(cut.get("digests"))
            reading.store()
            self.cursor, self.listed = mark["cursor"], names
            if is_last and not value["more"]:
                self.filling.clear()
            if "settled" in cut:
                self._cut(reading.due, cut["settled"], own=own)
                reading.due = {}
            if is_last:
                return not value["more"]
        return False

    def _cut(self, due: dict[str, dict[str, str]], settled: int, *, own: str) -> None:
        """The increments have reached the head: show what is held, if all of it can be trusted."""
        differing = self._judge(due)
        if differing:
            staged = {key[:2] for key, _ in self.held.items() ^ self.shown.items()} & self.pairs
            for pair in staged - self.filling:
                self.check.setdefault(pair, "staged under a refused cut")
        if self.check:
            self.refused_cuts += 1
            return
        self.cut_hidden = hidden = frozenset(self.files.open)
        self.shown = {key: line for key, line in self.held.items() if key[:2] not in hidden}
        self.cuts += 1
        self.cut_cursor, self.cut_listed = self.cursor, self.listed
        if not any(pair[0] == own for pair in self.filling):  # Else what is settled may be among the rows to come.
            self.settled, self.settled_cuts = settled, self.settled_cuts + 1

    def _judge(self, due: dict[str, dict[str, str]]) -> list[Pair]:
        """Compare what is held with the digests that came; those that agree are trusted again."""
        differing: list[Pair] = []
        for bucket, tiers in due.items():
            for tier, expected in tiers.items():
                pair = bucket, int(tier)
                if pair in self.files.open:
                    continue  # Nothing can be said of it before its last chunk is in.
                if self.digest(pair) == expected:
                    self.check.pop(pair, None)
                    self.filling.discard(pair)
                    if pair in self.mend:
                        self.mend.remove(pair)
                    continue
                if self.check.get(pair, FROM_FILES) == FROM_FILES:
                    self.unexplained.append(f"{bucket} {tier}: {self.digest(pair)} is not {expected}")
                self.check[pair] = "differs"
                if pair not in self.mend:
                    self.mend.append(pair)
                differing.append(pair)
        return differing

    def digest(self, pair: Pair) -> str:
        count = total = 0
        for key, line in self.held.items():
            if key[:2] == pair:
                count += 1
                total ^= digest_of(line)
        return digest_text(count, total)

    def use_chunk(self, pair: Pair, sha256: str, body: bytes) -> None:
        """With the last one the set is as whole as any: its digest will say so."""
        self.files.use(pair, sha256, body, self.held)
        self.close_files()

    def close_files(self) -> None:
        whole = {pair for pair, found in self.files.open.items() if found.is_whole}
        self.files.drop(whole)
        for pair in sorted(whole):
            self.check.setdefault(pair, FROM_FILES)

    def lists_answered(self, asked: tuple[Pair, ...]) -> None:
        """The answer is over: a set whose list was asked for and did not come is not offered any more."""
        for pair in asked:
            if pair in self.files.open and self.files.open[pair].is_due:
                self.give_up_files(pair)

    def give_up_files(self, pair: Pair) -> None:
        """What they lack is found by comparing."""
        self.files.drop({pair})
        self.check[pair] = "a file is not to be had"
        self.mend = [*(other for other in self.mend if other != pair), pair]

    def drop(self, pairs: set[Pair]) -> None:
        """These are held no more, or will be filled anew."""
        self.files.drop(pairs)
        self.pairs -= pairs
        self.filling -= pairs
        self.check = {pair: why for pair, why in self.check.items() if pair not in pairs}
        self.mend = [pair for pair in self.mend if pair not in pairs]
        self.held = {key: line for key, line in self.held.items() if key[:2] not in pairs}
        if any(key[:2] in pairs for key in self.shown):
            self.shown = {key: line for key, line in self.shown.items() if key[:2] not in pairs}
            if any(pair[0].startswith("user:") for pair in pairs):
                self.settled = (
                    0  # What was settled is no longer shown by rows: the overlay shows it until they are back.
                )

    def rows(self, collection: str) -> dict[str, dict[str, Any]]:
        """Shown rows of a collection by id."""
        return {key[3]: _decode(line)[1] for key, line in self.shown.items() if key[2] == collection}

    def rows_with_version(self, collection: str) -> dict[str, dict[str, Any]]:
        """Shown rows of a collection by id, each with its version."""
        decoded = ((key[3], _decode(line)) for key, line in self.shown.items() if key[2] == collection)
        return {id_: {**row, "version": version} for id_, (version, row) in decoded}

    def ids(self, collection: str) -> set[str]:
        return {key[3] for key in self.shown if key[2] == collection}


class _Reading:
    """What of an answer stands between two marks; nothing of it counts before the next mark."""

    def __init__(self, rows: SimRows) -> None:
        self._rows = rows
        self._heading: tuple[str, int, str] = ("", 0, "")
        self._pending: list[tuple[Key, bytes | None]] = []
        self._coverage: list[tuple[str, set[Pair]]] = []
        self._lists: list[dict[str, Any]] = []
        self.due: dict[str, dict[str, str]] = {}

    def row(self, value: list[Any], raw: bytes) -> None:
        row = value[1]
        self._pending.append(
            ((*self._heading, row), None) if isinstance(row, str) else ((*self._heading, row["id"]), raw)
        )

    def control(self, value: dict[str, Any]) -> None:
        if "bucket" in value:
            self._heading = value["bucket"], value["tier"], value["collection"]
        self._lists += value.get("files", ())
        for name in ("reconcile", "left", "joined"):
            if name in value:
                self._coverage.append((name, {(bucket, tier) for bucket, tier in value[name]}))
        if "mark" not in value:
            self.digests(value.get("digests"))

    def digests(self, digests: dict[str, dict[str, str]] | None) -> None:
        for name, tiers in (digests or {}).items():
            self.due.setdefault(name, {}).update(tiers)

    def store(self) -> None:
        """The lines above a mark, in their order: coverage first, as an answer brings it."""
        rows = self._rows
        reconciled = [pairs for name, pairs in self._coverage if name == "reconcile"]
        if reconciled:
            listed: set[Pair] = set().union(*reconciled)
            rows.drop(rows.pairs - listed)
            rows.pairs = set(listed)
            rows.check = dict.fromkeys(sorted(listed), "reconcile")
            rows.filling.clear()
            rows.files.drop(set(listed))
        for name, pairs in self._coverage:
            if name != "reconcile":
                rows.drop(pairs)
            if name == "joined":
                rows.pairs |= pairs
                rows.filling |= pairs
        for entry in self._lists:
            rows.files.list(entry)
        for key, line in self._pending:
            if line is None:
                rows.held.pop(key, None)
                if key[:2] in rows.files.open:
                    rows.files.removed.add(key)
            else:
                rows.held[key] = line
        rows.close_files()
        self._coverage, self._pending, self._lists = [], [], []
