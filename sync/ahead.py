"""Looking ahead: what the guards of a run of changes will ask the store, read in one statement.

A guard sees the store as it is after the ops before it (SPEC M5). So what was read ahead is dropped once one of the
tables is written that the collection says it reads, and after anything that may write what it likes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sync.collection import Change, Collection, Fields
from sync.ports import PushUnit
from sync.row_cache import RowCache
from sync.wishes import Action, CreateRow, DeleteRow, PatchRow


@dataclass(frozen=True)
class _Seen:
    collection: Collection
    ids: frozenset[UUID]
    found: Any


class Ahead:
    def __init__(self, unit: PushUnit) -> None:
        self._unit = unit
        self._coming: Sequence[Action | None] = ()
        self._places: dict[int, int] = {}
        self._place: int | None = None
        self._seen: dict[str, _Seen] = {}

    def expect(self, actions: Sequence[Action | None]) -> None:
        """Say what will be tried, in this order."""
        self._coming = actions
        self._places = {id(action): place for place, action in enumerate(actions)}

    def now_at(self, action: Action) -> None:
        self._place = self._places.get(id(action))

    async def look(self, collection: Collection, change: Change, rows: RowCache) -> None:
        """Give the change what was read for it, and read for the whole run where nothing is known."""
        if collection.look_ahead is None:
            return
        seen = self._seen.get(collection.name)
        if seen is None or change.id not in seen.ids:
            await self.look_for(collection, [change, *self._run_after(collection, rows)])
        change.ahead = self._seen[collection.name].found

    async def look_for(self, collection: Collection, run: Sequence[Change]) -> None:
        """Read for these changes at once."""
        if collection.look_ahead is not None:
            found = await collection.look_ahead(self._unit.tx, run)
            self._seen[collection.name] = _Seen(collection, frozenset(change.id for change in run), found)

    def forget(self, tables: Iterable[str] | None = None) -> None:
        """What reads one of these tables is known no more; by default nothing is."""
        if tables is None:
            self._seen.clear()
            return
        written = set(tables)
        for name, seen in list(self._seen.items()):
            if not written.isdisjoint(seen.collection.reads or written):
                del self._seen[name]

    def _run_after(self, collection: Collection, rows: RowCache) -> list[Change]:
        """The changes of the same collection that come next, up to anything else."""
        run: list[Change] = []
        for action in () if self._place is None else self._coming[self._place + 1 :]:
            match action:
                case CreateRow(other, id_, fields) if other is collection:
                    run.append(Change("create", id_, Fields(fields), rows.known(other, id_), 0))
                case PatchRow(other, id_, fields) if other is collection:
                    run.append(Change("patch", id_, Fields(fields), rows.known(other, id_), 0))
                case DeleteRow(other, id_) if other is collection:
                    run.append(Change("delete", id_, Fields(), rows.known(other, id_), 0))
                case _:
                    break
        return run
