"""Engines and phones broken on purpose, one rule each. Every law of sync.md is broken by one of them at least.

The oracles must see each within a few seeds; `seed` is where the search begins: a little before one that shows it.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from msgspec import structs

from sync import memory_log, page, pull
from sync import push as push_module
from sync.cursor import Cursor
from sync.errors import Outage
from sync.memory import MemoryStore, MemoryUnit, Tables
from sync.memory_log import MemoryLog
from sync.merge import Text3, by_field
from sync.pull import Asked, LogRow, Look
from sync.receipts import StoredReceipt
from sync.round import Round
from sync.testing import sim_server
from sync.testing.comparing import Comparison
from sync.testing.sim_files import Downloads
from sync.testing.sim_phone import SimPhone
from sync.testing.sim_rows import SimRows
from sync.wishes import Wish

KEPT = -1


@dataclass(frozen=True)
class Mutation:
    """`owner.attribute` is replaced by `broken`."""

    owner: Any
    attribute: str
    broken: Any
    seed: int = 0  # KEPT: so rare that a story of the corpus shows it instead

    @contextmanager
    def made(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.owner, self.attribute, self.broken)
            yield


# --- what the log tells: L1, L2, L5, L7 -------------------------------------------------------------------------

_LOOK = MemoryLog.look
_CHANGED = MemoryLog._changed
_INCREMENTS = MemoryLog._increments
_LINE_OF = memory_log.line_of
_SWEEP = MemoryLog.sweep


async def _head_read_apart(log: MemoryLog, asked: Asked, *, with_all_totals: bool = False) -> Look:
    """Rows from before the last batch, the head from after it."""
    look = await _LOOK(log, asked, with_all_totals=with_all_totals)
    before = log.batches[-2].position if len(log.batches) > 1 else 0
    return replace(look, rows=tuple(row for row in look.rows if row.position <= before))


def _granted_by_live_tables(log: MemoryLog, asked: Asked) -> list[Any]:
    live = frozenset(log._scope())
    kept, log.scope = log.scope, live
    try:
        return _GRANTED(log, asked)
    finally:
        log.scope = kept


_GRANTED = MemoryLog._granted


def _half_a_batch(log: MemoryLog) -> Iterator[Any]:
    """What one transaction changed is split over two batches."""
    changed = list(_CHANGED(log))
    yield from changed[: (len(changed) + 1) // 2]
    if len(changed) > 1:
        log._changes = -1


def _without_gone_lines(log: MemoryLog, asked: Asked, numbers: set[int]) -> tuple[list[LogRow], bool]:
    rows, is_all = _INCREMENTS(log, asked, numbers)
    return [row for row in rows if row.line.endswith(b"}]")], is_all


def _floor_stays(log: MemoryLog, **more: Any) -> None:
    floor = log.floor
    _SWEEP(log, **more)
    log.floor = floor


def _mark_names_the_last_row(writer: Any, _row: LogRow) -> Cursor:
    """A mark in the middle says that the whole page was sent."""
    return structs.replace(writer.cursor, position=writer.page.increments[-1].position)


def _mark_stays_behind(writer: Any, _row: LogRow) -> Cursor:
    """A mark in the middle says that nothing was sent."""
    cursor: Cursor = writer.cursor
    return cursor


def _line_of_the_hour(collection: Any, row: Any) -> bytes:
    """The same row is other bytes the next time."""
    return _LINE_OF(collection, row) + b" " * (row["version"] % 2)


def _always_on_the_chain(_asked: Asked, _look: Look) -> str:
    return "on"


# --- what ops do: L3, L4, L6 ------------------------------------------------------------------------------------

_SETTLE_ALONE = Round._settle_alone


async def _known_to_nobody(_unit: MemoryUnit, _identities: Any) -> set[Any]:
    return set()


@asynccontextmanager
async def _undoes_nothing(_unit: MemoryUnit) -> AsyncIterator[None]:
    yield


def _any_hash(stored: StoredReceipt | None, _sent: Any) -> Any:
    return None if stored is None else stored.receipt


def _versions_begin_again(_tables: Tables, *, now_ms: int) -> None:
    """After a restore a row goes on with versions that the lost log has used."""
    del now_ms


async def _settled_at_answer_time(log: MemoryLog, asked: Any, *, with_all_totals: bool = False) -> Look:
    look = await _LOOK(log, asked, with_all_totals=with_all_totals)
    device = log.store.devices.get(asked.device_id)
    return replace(look, settled=device.watermark if device else 0)


async def _group_in_part(round_: Round, unit: list[Wish]) -> Any:
    for wish in unit:
        await _SETTLE_ALONE(round_, [wish])


async def _wakes_nobody(_store: MemoryStore, *_args: Any, **_more: Any) -> list[Any]:
    return []


async def _known_before_the_effect(unit: MemoryUnit, identities: Any, *, now_ms: int) -> None:
    """Identities are kept in a transaction of their own: an outage afterwards takes the effects alone."""
    for identity in identities:
        unit._store.identities[unit.user_id, identity] = now_ms


async def _refused_is_not_kept(_unit: MemoryUnit, _ops: Any) -> None:
    return None


async def _refusal_blocks(_round: Round, *_args: Any, **_more: Any) -> None:
    raise Outage("a refusal is taken for an outage")


async def _gap_is_used(exchange: Any, unit: Any, device: Any) -> Any:
    """Whatever number comes next is taken."""
    found = await _SORT(exchange, unit, device)
    rest = [sent for sent in exchange.sent if sent.n > device.watermark + len(found.fresh)]
    return replace(found, fresh=[*found.fresh, *rest], expected=None) if found.expected else found


_SORT = push_module._Exchange._sort


def _the_last_text(_was: str, one: str, _other: str) -> Text3:
    return Text3(one, is_overlapping=False)


def _the_last_set(name: str, rule: Any, edit: Any, **more: Any) -> Any:
    """The elements that are offered are all that is left."""
    return _MERGE_ELEMENTS(name, rule, edit, **{**more, "stored": (), "stamps": {}})


_MERGE_ELEMENTS = by_field.merge_elements


# --- what phones do: L1, L3, L8, L10 ----------------------------------------------------------------------------

_TAKE = SimRows.take


def _trims_at_once(phone: SimPhone, *, watermark: int) -> None:
    del phone.journal[: max(0, len(phone.journal) - phone.journal_max)]


def _offers_nothing_again(phone: SimPhone, watermark: tuple[int, str], expected: int | None) -> bool:
    phone.resend_above = None
    return True


def _trusts_every_digest(_rows: SimRows, _due: Any) -> list[Any]:
    _rows.check.clear()
    return []


def _uses_half_a_leaf(comparison: Comparison, _leaf: str, fresh: dict[Any, bytes]) -> list[Any]:
    """What the leaf names is taken, what it does not name stays."""
    comparison.lines.update(fresh)
    return list(fresh)


def _shows_before_the_cut(rows: SimRows, lines: Any, raw_lines: Any, **more: Any) -> bool:
    whole = _TAKE(rows, lines, raw_lines, **more)
    rows.shown = dict(rows.held)
    rows.cut_cursor, rows.cuts = rows.cursor, rows.cuts + 1
    return whole


def _files_bring_back(downloads: Downloads, pair: Any, sha256: str, body: bytes, held: dict[Any, bytes]) -> None:
    """A line of a file is taken although its row was removed since."""
    kept, downloads.removed = downloads.removed, set()
    _USE(downloads, pair, sha256, body, held)
    downloads.removed = kept


_USE = Downloads.use


async def _tail_without_gone_lines(log: MemoryLog, parts: Any, *, rows_each: int) -> list[LogRow]:
    return await _FILL(
        log, [(pair, structs.replace(state, is_tail=False)) for pair, state in parts], rows_each=rows_each
    )


_FILL = MemoryLog.fill


def _left_keeps_rows(rows: SimRows, pairs: set[Any]) -> None:
    rows.pairs -= pairs


def _any_cut_settles(phone: SimPhone, entry: Any) -> bool:
    """A cut from before its receipt hides a wish, too."""
    return phone.cut_device == phone.device_id and entry.outcome is not None and entry.n <= phone.rows.settled


def _knows_whoever_confirmed(look: Look, envelope: Any, *, user_id: Any) -> bool:
    """A number below the watermark is not compared: the op under it may be another copy's."""
    device = look.device
    if device is None or not device.is_live:
        return False
    return envelope.confirmed is None or envelope.confirmed[0] == device.confirmed <= device.watermark


MUTATIONS: dict[str, Mutation] = {
    "L1 the head of a page is read apart from its rows": Mutation(MemoryLog, "look", _head_read_apart),
    "L1 who holds what is asked of the live tables": Mutation(MemoryLog, "_granted", _granted_by_live_tables),
    "L1 a batch is split": Mutation(MemoryLog, "_changed", _half_a_batch),
    "L1 increments are shown before their cut": Mutation(SimRows, "take", _shows_before_the_cut),
    "L1 what is left keeps its rows": Mutation(SimRows, "drop", _left_keeps_rows),
    "L2 gone lines are not sent": Mutation(MemoryLog, "_increments", _without_gone_lines),
    "L2 a file brings back what was removed": Mutation(Downloads, "use", _files_bring_back),
    "L2 the tail above a base goes without its gone lines": Mutation(MemoryLog, "fill", _tail_without_gone_lines),
    "L2 gone rows are swept and the floor stays": Mutation(MemoryLog, "sweep", _floor_stays, KEPT),
    "L2 a mark in the middle of a page names its end": Mutation(
        page._Writer, "_after_increment", _mark_names_the_last_row, 17
    ),
    "L3 nobody wakes what waits": Mutation(MemoryStore, "due", _wakes_nobody),
    "L3 what is refused is not kept": Mutation(MemoryUnit, "put_held", _refused_is_not_kept),
    "L3 a journal is trimmed before it is settled": Mutation(SimPhone, "_trim", _trims_at_once, 17),
    "L3 an op is known before its effect stands": Mutation(MemoryUnit, "remember", _known_before_the_effect),
    "L3 a number behind a gap is used": Mutation(push_module._Exchange, "_sort", _gap_is_used),
    "L3 who writes last overwrites a text": Mutation(by_field, "merge_text", _the_last_text),
    "L3 who writes last overwrites a set": Mutation(by_field, "merge_elements", _the_last_set),
    "L4 identities are not kept": Mutation(MemoryUnit, "known", _known_to_nobody),
    "L4 what a refused op wrote is not undone": Mutation(MemoryUnit, "savepoint", _undoes_nothing),
    "L4 another op under a used number is taken for the same": Mutation(push_module, "_receipt_again", _any_hash),
    "L4 a group is applied in part": Mutation(Round, "_settle_alone", _group_in_part),
    "L5 a mark in the middle of a page names its beginning": Mutation(
        page._Writer, "_after_increment", _mark_stays_behind
    ),
    "L6 a refusal is taken for an outage": Mutation(Round, "_hold", _refusal_blocks),
    "L7 the same row is other bytes the next time": Mutation(memory_log, "line_of", _line_of_the_hour),
    "L8 the chain is not checked": Mutation(pull, "chain_of", _always_on_the_chain, 21),
    "L8 versions of a lost log are used again": Mutation(Tables, "raise_floor", _versions_begin_again),
    "L8 a journal is not offered again": Mutation(SimPhone, "_agrees", _offers_nothing_again),
    "L10 a digest is not compared": Mutation(SimRows, "_judge", _trusts_every_digest),
    "L10 a leaf is used in part": Mutation(Comparison, "_replace", _uses_half_a_leaf),
    "L8 a confirmed number is not compared": Mutation(sim_server, "knows_device", _knows_whoever_confirmed, KEPT),
    "O a cut from before its receipt hides a wish": Mutation(SimPhone, "is_settled", _any_cut_settles, KEPT),
    "O what is settled is told before the log has it": Mutation(MemoryLog, "look", _settled_at_answer_time),
}
