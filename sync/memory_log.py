"""The log over a memory store: sequencing and reading as `pull.py` knows them, small and slow.

Each `publish` compares every row with what the log holds: nothing has to be marked. For tests and the simulator.
"""

import hashlib
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from sync.collection import Collection, holds
from sync.cursor import Filling, Pair
from sync.digest import line_digest
from sync.files import Base
from sync.memory import MemoryStore
from sync.ports import Device, Row
from sync.pull import Asked, Bucket, DeviceSeen, LogRow, Look, Total, bucket_hash
from sync.reconcile import BranchSum, Prefix, prefix_of, sums_by_prefix
from sync.registry import Registry

DAY_MS = 86_400_000
TAGS_MS = 7 * DAY_MS
TAGS_MIN = 10_000
GONE_DAYS = 180
ROWS_MIN = 64
ROW_BYTES_LEAST = 64

Key = tuple[int, UUID, int]  # (collection, id, bucket)


@dataclass(frozen=True, slots=True)
class Item:
    """One row of one bucket at its newest position."""

    position: int
    tier: int
    line: bytes
    is_gone: bool
    digest: int  # 0 when gone
    at_ms: int


class Batch(NamedTuple):
    position: int
    tag: bytes
    at_ms: int


class _Known(NamedTuple):
    """A row as it was last published: while the very same object is stored, nothing of it has changed."""

    row: Row
    line: bytes
    names: tuple[str, ...]


@dataclass
class MemoryLog:
    """Raises nothing; `now_ms` is whatever the last `publish` was told."""

    store: MemoryStore
    registry: Registry
    epoch: int = 1
    now_ms: int = 0
    floor: int = 0  # The newest position of a gone row that was swept.
    items: dict[Key, Item] = field(default_factory=dict)
    buckets: dict[str, int] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=lambda: [Batch(0, hashlib.sha256(b"origin").digest(), 0)])
    settled: dict[UUID, tuple[int, int]] = field(default_factory=dict)
    files: dict[Pair, tuple[bytes, Base]] = field(default_factory=dict)  # with the tag at the base's position
    scope: frozenset[tuple[str, str, str]] = frozenset()  # ("member", user, audience) and ("grant", audience, bucket)
    _known: dict[tuple[int, UUID], _Known] = field(default_factory=dict)
    _changes: int = -1  # Of the tables, when they were last looked at.

    def copied(self, store: MemoryStore) -> "MemoryLog":
        """The same log over a copy of its store."""
        return replace(
            self,
            store=store,
            items=dict(self.items),
            buckets=dict(self.buckets),
            batches=list(self.batches),
            settled=dict(self.settled),
            files=dict(self.files),
            _known=dict(self._known),
        )

    # --- sequencing ---

    @property
    def is_behind(self) -> bool:
        """Whether anything was set since the last batch, if only what nobody will see."""
        return self._changes != self.store.tables.changes

    def publish(self, *, now_ms: int) -> None:
        """Take in all that is committed: one batch, one commit."""
        self.now_ms = now_ms
        if not self.is_behind:
            return
        self._changes = self.store.tables.changes
        position = self.batches[-1].position
        changes: list[str] = []
        gone: list[Key] = []
        for collection, number, row in self._changed():
            before = self._known.get((number, row["id"]))
            names = () if row["deleted_at"] is not None else tuple(dict.fromkeys(self._names(collection, row)))
            line = line_of(collection, row)
            self._known[number, row["id"]] = _Known(row, line, names)
            gone += (
                [(number, row["id"], self.buckets[name]) for name in before.names if name not in names]
                if before
                else []
            )
            for name in names:
                key = number, row["id"], self.buckets.setdefault(name, len(self.buckets) + 1)
                old = self.items.get(key)
                if old is None or old.is_gone or old.line != line:
                    position += 1
                    self.items[key] = Item(
                        position, collection.tier, line, is_gone=False, digest=line_digest(line), at_ms=now_ms
                    )
                    changes.append(f"{position} {key} {line!r}")
        for key in gone:
            position += 1
            item = self.items[key]
            version = int(msgspec.json.decode(item.line)[0])
            line = b'[%d,"%s"]' % (version + 1, str(key[1]).encode())
            self.items[key] = Item(position, item.tier, line, is_gone=True, digest=0, at_ms=now_ms)
            changes.append(f"{position} {key} gone")
        scope = frozenset(self._scope())
        moved = {
            device.id: device.watermark
            for device in self.store.devices.values()
            if self._has_moved(device.id, device.watermark)
        }
        if not changes and scope == self.scope and not moved:
            return
        self.scope = scope
        position += 1
        self.settled.update({device: (watermark, position) for device, watermark in moved.items()})
        tag = hashlib.sha256(self.batches[-1].tag + "\n".join(changes).encode() + str(sorted(scope)).encode()).digest()
        self.batches.append(Batch(position, tag, now_ms))

    def sweep(self, *, now_ms: int, tags_min: int = TAGS_MIN, gone_days: int = GONE_DAYS) -> None:
        """Forget tags older than a week, but for the newest, and gone rows; the floor rises with what goes."""
        old = [
            batch for batch in self.batches[: max(0, len(self.batches) - tags_min)] if now_ms - batch.at_ms > TAGS_MS
        ]
        del self.batches[: len(old)]
        for key, item in list(self.items.items()):
            if item.is_gone and now_ms - item.at_ms > gone_days * DAY_MS:
                del self.items[key]
                self.floor = max(self.floor, item.position)

    def _has_moved(self, device_id: UUID, watermark: int) -> bool:
        return watermark != self.settled.get(device_id, (0, 0))[0]

    def _changed(self) -> Iterator[tuple[Collection, int, Row]]:
        """Rows that may be other than they were, in the order in which they get positions: tier, then reading order."""
        numbered = enumerate(self.registry.collections.values(), start=1)
        for number, collection in sorted(numbered, key=lambda pair: pair[1].tier):
            stored = self.store.tables.of(collection.table)
            is_linked = any(rule.link is not None for rule in collection.buckets)
            rows = [
                row
                for id_, row in stored.items()
                if is_linked or (known := self._known.get((number, id_))) is None or known.row is not row
            ]
            rows.sort(key=partial(_reading_order, collection.order_by))
            for row in rows:
                yield collection, number, row

    def _names(self, collection: Collection, row: Row) -> Iterator[str]:
        for rule in collection.buckets:
            if rule.link is None:
                sources = [row]
            else:
                links = self.store.tables.of(rule.link.table).values()
                sources = [link for link in links if link.get(rule.link.to) == row["id"]]
            for source in sources:
                name = rule.name.of(source) if holds(rule.when, source) else None
                if name is not None:
                    yield name

    def _scope(self) -> Iterator[tuple[str, str, str]]:
        for member in self.registry.memberships:
            for row in self._live(member.table, member.when):
                audience = member.audience.of(row)
                if audience is not None and row.get(member.user) is not None:
                    yield "member", str(row[member.user]), audience
        for grant in self.registry.grants:
            for row in self._live(grant.table, grant.when):
                audience, bucket = grant.audience.of(row), grant.bucket.of(row)
                if audience is not None and bucket is not None:
                    self.buckets.setdefault(bucket, len(self.buckets) + 1)
                    yield "grant", audience, bucket

    def _live(self, table: str, when: Any) -> Iterator[Row]:  # Any: a Condition or None
        return (row for row in self.store.tables.of(table).values() if row["deleted_at"] is None and holds(when, row))

    # --- reading: PullStore ---

    async def look(self, asked: Asked, *, with_all_totals: bool = False) -> Look:
        cursor = asked.cursor
        head = self.batches[-1]
        at_cursor = self._batch_at(cursor.head) if cursor else None
        granted = self._granted(asked)
        numbers = {bucket.number for bucket in granted}
        totals = self._totals(numbers, asked.tier)
        rows, is_at_head = self._increments(asked, numbers)
        device = self.store.devices.get(asked.device_id)
        settled, settled_at = self.settled.get(asked.device_id, (0, 0))
        covered = cursor.buckets if cursor else []
        least = 0 if with_all_totals else (cursor.last_cut if cursor else 0)
        return Look(
            now_ms=self.now_ms,
            head=head.position,
            tag=head.tag,
            epoch=self.epoch,
            key=hashlib.sha256(f"secret {asked.user_id}".encode()).digest(),
            floor=self.floor,
            oldest=self.batches[0].position,
            cursor_tag=at_cursor.tag if at_cursor else None,
            is_cursor_old=at_cursor is not None and self.now_ms - at_cursor.at_ms > DAY_MS,
            settled=settled,
            settled_at=settled_at,
            device=None if device is None else _seen(device),
            granted=tuple(granted),
            covered=tuple(
                bucket for bucket in self._all_buckets() if bucket.number in covered and bucket.number not in numbers
            ),
            totals={pair: total for pair, total in totals.items() if with_all_totals or total.position > least},
            rows=tuple(rows),
            is_at_head=is_at_head,
        )

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator["MemoryLog"]:
        yield self  # Nothing moves while a page is read: the simulator has one thread.

    async def fill(self, parts: Sequence[tuple[Pair, Filling]], *, rows_each: int) -> list[LogRow]:
        found: list[LogRow] = []
        for (bucket, tier), filling in parts:
            rows = [
                LogRow(item.position, bucket, tier, key[0], item.line)
                for key, item in self.items.items()
                if key[2] == bucket
                and item.tier == tier
                and (filling.is_tail or not item.is_gone)
                and filling.position < item.position <= filling.bound
            ]
            found += sorted(rows)[:rows_each]
        return found

    async def bases(self, pairs: Sequence[Pair]) -> dict[Pair, Base]:
        tags = {batch.position: batch.tag for batch in self.batches}
        found = {pair: self.files[pair] for pair in pairs if pair in self.files}
        return {
            pair: base
            for pair, (tag, base) in found.items()
            if tags.get(base.position) == tag and base.position >= self.floor
        }

    async def collections(self) -> dict[int, str]:
        return dict(enumerate(self.registry.collections, start=1))

    async def sums(self, pair: Pair, prefixes: Sequence[Prefix]) -> list[BranchSum]:
        lines = [(id_, line_digest(row.line), len(row.line)) for id_, row in self._live_rows(pair)]
        found: list[BranchSum] = []
        for length in {len(prefix) // 2 for prefix in prefixes}:
            asked = {prefix for prefix in prefixes if len(prefix) == 2 * length}
            sums = sums_by_prefix(lines, length + 1)
            found += [entry for entry in sums.values() if entry.prefix[:-2] in asked]
        return found

    async def below(self, pair: Pair, prefixes: Sequence[Prefix]) -> dict[Prefix, list[LogRow]]:
        rows = sorted(self._live_rows(pair), key=lambda found: found[1].position)
        return {prefix: [row for id_, row in rows if prefix_of(id_, len(prefix) // 2) == prefix] for prefix in prefixes}

    def _live_rows(self, pair: Pair) -> Iterator[tuple[UUID, LogRow]]:
        for (collection, id_, bucket), item in self.items.items():
            if (bucket, item.tier) == pair and not item.is_gone:
                yield id_, LogRow(item.position, bucket, item.tier, collection, item.line)

    def _batch_at(self, position: int) -> Batch | None:
        place = bisect_left(self.batches, position, key=attrgetter("position"))
        found = self.batches[place] if place < len(self.batches) else None
        return found if found is not None and found.position == position else None

    def _all_buckets(self) -> list[Bucket]:
        return [Bucket(number, name, self.registry.is_automatic(name)) for name, number in self.buckets.items()]

    def _granted(self, asked: Asked) -> list[Bucket]:
        own = f"user:{asked.user_id}"
        audiences = {"everyone", own} | {
            to for kind, who, to in self.scope if kind == "member" and who == str(asked.user_id)
        }
        names = {"public", own} | {to for kind, who, to in self.scope if kind == "grant" and who in audiences}
        cursor = asked.cursor
        by_cursor = asked.names is None and cursor is not None
        return [
            bucket
            for bucket in self._all_buckets()
            if bucket.name in names
            and (
                bucket.automatic
                or bucket.name in (asked.names or ())
                or (
                    by_cursor
                    and cursor is not None
                    and (bucket.number in cursor.buckets or bucket_hash(bucket.name) in cursor.ungranted)
                )
            )
        ]

    def _totals(self, numbers: set[int], tier_max: int) -> dict[Pair, Total]:
        totals: dict[Pair, list[int]] = {}
        for (_, _, bucket), item in self.items.items():
            if bucket not in numbers or item.tier > tier_max:
                continue
            total = totals.setdefault((bucket, item.tier), [0, 0, 0, 0])
            total[0] = max(total[0], item.position)
            if not item.is_gone:
                total[1] += 1
                total[2] ^= item.digest
                total[3] += len(item.line)
        return {pair: Total(*total) for pair, total in totals.items()}

    def _increments(self, asked: Asked, numbers: set[int]) -> tuple[list[LogRow], bool]:
        """Rows beyond the cursor in log order, and whether these are all."""
        since = asked.cursor.position if asked.cursor else self.batches[-1].position
        found = [
            LogRow(item.position, key[2], item.tier, key[0], item.line)
            for key, item in self.items.items()
            if item.position > since and key[2] in numbers and item.tier <= asked.tier
        ]
        found.sort()
        limit = max(ROWS_MIN, asked.bytes_wanted // ROW_BYTES_LEAST)
        page: list[LogRow] = []
        size = 0
        for row in found[:limit]:
            if size >= asked.bytes_wanted:
                break
            page.append(row)
            size += len(row.line)
        return page, len(page) == len(found) < limit


def _reading_order(columns: tuple[str, ...], row: Row) -> tuple[Any, ...]:
    return (*(str(row.get(column)) for column in columns), row["id"])


def _seen(device: Device) -> DeviceSeen:
    is_live = device.retired_ms is None and device.revoked_ms is None
    return DeviceSeen(device.user_id, device.watermark, device.watermark_hash, device.confirmed, is_live)


def line_of(collection: Collection, row: Row) -> bytes:
    """`[version,{…}]` as the database's functions write it: declared order, nulls left out, compact."""
    fields = {name: _on_wire(row[name]) for name in collection.row.__struct_fields__ if row.get(name) is not None}
    return msgspec.json.encode([row["version"], fields])


def _on_wire(value: Any) -> Any:
    if isinstance(value, datetime):
        utc = value.astimezone(UTC)
        return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"
    return value.isoformat() if isinstance(value, date) else value
