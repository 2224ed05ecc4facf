"""What a restore brought back, what it could not, and what nobody but a person can: said, never invented."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from server.backup.witness import Lost
from server.features import REGISTRY
from sync.merge import ByServer

MISSING_SHOWN_MAX = 20


class LostReport(msgspec.Struct, frozen=True, kw_only=True):
    """At most this much: the witness looks once a second."""

    since: datetime
    until: datetime
    batches: int
    positions: int
    rows: dict[str, int]  # changed ones, by collection
    by_server: dict[str, int]  # of those, what phones never write: only what an op of theirs caused comes back


class Report(msgspec.Struct, frozen=True, kw_only=True):
    restored_at: datetime
    backup: str
    copy_of: datetime | None  # the newest change in it
    epoch: int | None
    position: int | None
    lost: LostReport | None  # None: nothing, as far as the witness saw
    had_witness: bool
    erased_again: int
    objects: int  # of the backup
    objects_brought: int  # of those, how many were not there, or other
    missing: list[str]  # keys of objects that rows name and nobody has; at most 20 of them
    missing_count: int
    moved_aside: list[str]


def new_report(backup: str, *, now: datetime) -> Report:
    """Of a restore that has brought nothing yet."""
    return Report(
        restored_at=now,
        backup=backup,
        copy_of=None,
        epoch=None,
        position=None,
        lost=None,
        had_witness=False,
        erased_again=0,
        objects=0,
        objects_brought=0,
        missing=[],
        missing_count=0,
        moved_aside=[],
    )


def lost_report(lost: Lost | None) -> LostReport | None:
    if lost is None:
        return None
    return LostReport(
        since=lost.since,
        until=lost.until,
        batches=lost.batches,
        positions=lost.positions,
        rows=dict(lost.rows),
        by_server={name: count for name, count in lost.rows.items() if _is_by_server(name)},
    )


def _is_by_server(name: str) -> bool:
    collection = REGISTRY.collections.get(name)
    return collection is None or isinstance(collection.merge, ByServer)


def words_of(report: Report) -> str:
    """For the person who restored."""
    lines = [f"restored from {report.backup}"]
    if report.copy_of is not None:
        lines.append(f"the database is of {report.copy_of:%Y-%m-%d %H:%M:%SZ}, at position {report.position}")
    lines += _words_of_loss(report)
    if report.erased_again:
        lines.append(f"erased again, as the ledger says: {report.erased_again}")
    if report.objects:
        lines.append(f"objects: {report.objects}, of which {report.objects_brought} had to be brought back")
    if report.missing_count:
        shown = ", ".join(report.missing)
        lines.append(f"objects that rows name and nobody has: {report.missing_count} ({shown}); upload them again")
    lines += [f"moved aside: {path}" for path in report.moved_aside]
    return "\n".join(lines)


def _words_of_loss(report: Report) -> list[str]:
    if report.epoch is None:
        return []
    if not report.had_witness:
        return ["there is no witness: what came after the backup is not known"]
    lost = report.lost
    if lost is None:
        return ["nothing is lost, as far as the witness saw"]
    since, until = f"{lost.since:%Y-%m-%d %H:%M:%S}", f"{lost.until:%Y-%m-%d %H:%M:%SZ}"
    return [
        f"lost from {since} to {until}, at most: {lost.batches} batches, {lost.positions} positions",
        f"  changed rows: {_counts(lost.rows)}",
        "  phones give back what was done on them; what the server did by itself is gone. Look after these by hand:",
        f"  {_counts(lost.by_server)}",
    ]


def _counts(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(rows.items())) or "nothing"
