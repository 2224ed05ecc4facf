"""The rows of one transaction: read in bulk, changed in memory, written in bulk.

Ops change rows one after the other, but a round trip an op is what makes a push slow. So changed rows wait here until
somebody must see them in the store (a guard, a mutator, the end), and then go in one statement a collection.
"""

from collections.abc import Iterable
from uuid import UUID

from sync.collection import Collection
from sync.ports import PushUnit, Row

Versions = dict[tuple[str, UUID], int]


class RowCache:
    def __init__(self, unit: PushUnit) -> None:
        self._unit = unit
        self._rows: dict[tuple[str, UUID], Row | None] = {}
        self._inserts: dict[tuple[str, UUID], tuple[Collection, Row]] = {}
        self._updates: dict[tuple[str, UUID], tuple[Collection, Row]] = {}
        self._waiting: set[str] = set()  # Tables with rows that wait.
        self.versions: Versions = {}  # Of every row written so far.

    async def load(self, collection: Collection, ids: Iterable[UUID]) -> None:
        """Read and lock what is not held yet, in one query."""
        wanted = {id_ for id_ in ids if (collection.name, id_) not in self._rows}
        if not wanted:
            return
        found = await self._unit.rows(collection, wanted)
        for id_ in wanted:
            self._rows[collection.name, id_] = found.get(id_)

    async def get(self, collection: Collection, id_: UUID) -> Row | None:
        """The row as it stands after the ops before, locked; None when there is none."""
        key = (collection.name, id_)
        if key not in self._rows:
            await self.load(collection, [id_])
        return self._rows[key]

    def known(self, collection: Collection, id_: UUID) -> Row | None:
        """The row if it is held already."""
        return self._rows.get((collection.name, id_))

    def must_be_seen(self, collection: Collection, id_: UUID) -> bool:
        """Whether something waits here that right or guard of this row would look for in the store."""
        key = (collection.name, id_)
        if key in self._inserts or collection.reads is None:  # A new row lacks what the database adds.
            return bool(self._inserts or self._updates)
        return not self._waiting.isdisjoint(collection.reads)

    def insert(self, collection: Collection, row: Row) -> None:
        key = (collection.name, row["id"])
        self._rows[key] = {"version": 1, "deleted_at": None, **row}
        self._inserts[key] = (collection, row)
        self._waiting.add(collection.table)

    def update(self, collection: Collection, before: Row, columns: Row) -> None:
        key = (collection.name, before["id"])
        self._rows[key] = {**before, **columns, "version": before["version"] + 1}
        if key in self._inserts:
            self._inserts[key][1].update(columns)
            return
        _, waiting = self._updates.setdefault(key, (collection, {"id": before["id"]}))
        waiting.update(columns)
        self._waiting.add(collection.table)

    async def flush(self) -> None:
        """Write what waits. Raises Raced, or the Refusal of a broken rule of the database."""
        self._waiting.clear()
        inserts, self._inserts = self._inserts, {}
        for key in inserts:
            del self._rows[key]  # What the database adds (defaults) is not known here.
        for collection, rows in _by_collection(inserts.values()):
            versions = await self._unit.insert_rows(collection, rows)
            self.versions.update({(collection.name, id_): version for id_, version in versions.items()})
        updates, self._updates = self._updates, {}
        for collection, rows in _by_collection(updates.values()):
            versions = await self._unit.update_rows(collection, rows)
            self.versions.update({(collection.name, id_): version for id_, version in versions.items()})

    def forget(self) -> None:
        """Read anew from now on: somebody else may have written, or what was written was undone."""
        self._rows.clear()
        self._inserts.clear()
        self._updates.clear()
        self._waiting.clear()


def _by_collection(waiting: Iterable[tuple[Collection, Row]]) -> Iterable[tuple[Collection, list[Row]]]:
    grouped: dict[str, tuple[Collection, list[Row]]] = {}
    for collection, row in waiting:
        grouped.setdefault(collection.name, (collection, []))[1].append(row)
    return grouped.values()
