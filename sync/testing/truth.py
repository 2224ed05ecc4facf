"""What a log must hold, from the live tables alone, kept for each batch: the judge of every cut.

Nothing that the sequencer decided is asked: which rows stand in which bucket follows from the rows and the
declarations, who holds what from enrolments and grants.
"""

from typing import NamedTuple
from uuid import UUID

from sync.collection import Collection, holds
from sync.memory_log import line_of
from sync.ports import Row
from sync.testing.sim_school import CLASS_COURSES, ENROLMENTS
from sync.testing.sim_server import SimServer

TAG_BYTES = 8

Contents = dict[tuple[str, int], frozenset[bytes]]  # (bucket, tier) → its lines


class Moment(NamedTuple):
    """One batch. `granted`: the buckets of each user. `names`: of the bucket's numbers on this chain."""

    contents: Contents
    granted: dict[UUID, frozenset[str]]
    names: dict[int, str]


class Truth:
    def __init__(self, server: SimServer, users: list[UUID]) -> None:
        self._server = server
        self._users = users
        self._lines: dict[tuple[str, UUID], tuple[Row, bytes, tuple[str, ...]]] = {}
        self._versions: dict[tuple[UUID, int], bytes] = {}  # Each line that was ever published, on any chain.
        self.used_twice: list[str] = []  # Versions of a row that named two lines
        self._moments: dict[bytes, Moment] = {}
        self._sets: Contents = {}  # The newest of each, so that equal ones are one object.

    def remember(self) -> None:
        """To be called with each batch, before anything else is committed."""
        tag = self._server.log.batches[-1].tag[:TAG_BYTES]
        if tag not in self._moments:
            self._moments[tag] = self.now()

    def at(self, tag: bytes) -> Moment | None:
        return self._moments.get(tag)

    def now(self) -> Moment:
        log = self._server.log
        names = {number: name for name, number in log.buckets.items()}
        return Moment(self._contents(), {user: self._granted(user) for user in self._users}, names)

    def _contents(self) -> Contents:
        found: dict[tuple[str, int], list[bytes]] = {}
        for collection in self._server.registry.collections.values():
            is_linked = any(rule.link is not None for rule in collection.buckets)
            for id_, row in self._server.store.tables.of(collection.table).items():
                known = self._lines.get((collection.name, id_))
                if known is None or known[0] is not row or is_linked:
                    known = row, line_of(collection, row), self._names(collection, row)
                    self._lines[collection.name, id_] = known
                    if known[2] and self._versions.setdefault((id_, row["version"]), known[1]) != known[1]:
                        self.used_twice.append(f"{row['version']} of a row of {collection.name}")
                for name in known[2]:
                    found.setdefault((name, collection.tier), []).append(known[1])
        for pair, lines in found.items():
            fresh = frozenset(lines)
            if self._sets.get(pair) != fresh:
                self._sets[pair] = fresh
        return {pair: self._sets[pair] for pair in found}

    def _names(self, collection: Collection, row: Row) -> tuple[str, ...]:
        if row["deleted_at"] is not None:
            return ()
        names: dict[str, None] = {}
        for rule in collection.buckets:
            sources = [row]
            if rule.link is not None:
                links = self._server.store.tables.of(rule.link.table).values()
                sources = [link for link in links if link[rule.link.to] == row["id"]]
            for source in sources:
                if holds(rule.when, source):
                    names[f"{rule.name.kind}:{source[rule.name.column]}" if rule.name.column else rule.name.kind] = None
        return tuple(names)

    def _granted(self, user: UUID) -> frozenset[str]:
        tables = self._server.store.tables
        classes = {
            row["class_id"]
            for row in tables.of(ENROLMENTS).values()
            if row["student_id"] == user and row["status"] == "active" and row["deleted_at"] is None
        }
        found = {f"user:{user}", "public"}
        for row in tables.of(CLASS_COURSES).values():
            if row["class_id"] in classes and row["deleted_at"] is None:
                found |= {f"class:{row['class_id']}", f"course:{row['course_id']}"}
        return frozenset(found)
