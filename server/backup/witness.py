"""The witness: two objects outside the database that say how far the log had come, about a second ago.

    worker ── once a second, if the log moved ──► witness/a.json, witness/b.json (in turn: one of them is always whole)

Counts are sums since the witness began, so that entries may be thinned out: what happened between two of them is a
difference. Who reads a log that is behind its witness knows how much is lost, from when to when, and of what.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from sync.postgres.restoring import Head

PREFIX = "witness/"
KEYS = (f"{PREFIX}a.json", f"{PREFIX}b.json")
GRAINS = (  # How long, and how finely, the past is kept.
    (timedelta(minutes=2), timedelta(seconds=1)),
    (timedelta(hours=1), timedelta(minutes=1)),
    (timedelta(days=2), timedelta(hours=1)),
    (timedelta(days=400), timedelta(days=1)),
)

Verdict = Literal["agrees", "behind", "another log"]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The log at one moment; `batches` and `rows` (by collection) count from the witness's beginning."""

    position: int
    tag: str
    at: datetime  # of the newest batch
    batches: int
    rows: dict[str, int]


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    turn: int  # The higher one of the two objects counts.
    epoch: int
    head: Seen
    past: list[Seen] = []  # Oldest first; without the head.


@dataclass(frozen=True)
class Lost:
    """What the witness saw and the log does not hold. At most this much: the witness looks once a second."""

    since: datetime
    until: datetime
    batches: int
    positions: int
    rows: Mapping[str, int]  # changed, by collection


def read_witness(bodies: Iterable[bytes]) -> Witness | None:
    """The newest that can be read: the other one may have been cut off while it was written."""
    found: list[Witness] = []
    for body in bodies:
        try:
            found.append(msgspec.json.decode(body, type=Witness))
        except msgspec.MsgspecError:
            continue
    return max(found, key=lambda witness: witness.turn, default=None)


def begin(head: Head) -> Witness:
    seen = Seen(position=head.position, tag=head.tag, at=head.at, batches=0, rows={})
    return Witness(turn=1, epoch=head.epoch, head=seen)


def go_on(witness: Witness, head: Head, *, batches: int, rows: Mapping[str, int]) -> Witness:
    """The witness after the log moved to `head` by so many batches and changed rows."""
    before = witness.head
    sums = {name: before.rows.get(name, 0) + rows.get(name, 0) for name in sorted({*before.rows, *rows})}
    seen = Seen(position=head.position, tag=head.tag, at=head.at, batches=before.batches + batches, rows=sums)
    return Witness(turn=witness.turn + 1, epoch=head.epoch, head=seen, past=thin([*witness.past, before], now=head.at))


def thin(past: list[Seen], *, now: datetime) -> list[Seen]:
    """The last entry of each second, minute, hour and day, the finer the younger."""
    kept: dict[tuple[int, int], Seen] = {}
    for seen in past:
        age = now - seen.at
        for number, (reach, grain) in enumerate(GRAINS):
            if age <= reach:
                kept[number, int(seen.at.timestamp() // grain.total_seconds())] = seen
                break
    return sorted(kept.values(), key=lambda seen: seen.position)


def judge(witness: Witness, head: Head, *, tag_at_witness: str | None, oldest: int, epochs_before: set[int]) -> Verdict:
    """Whether the log is the one that the witness saw, or follows it.

    `tag_at_witness`: of the batch at the witness's position, if the log has it. `oldest`: position of the oldest batch
    that it keeps. `epochs_before`: those that it had before it was restored by `spark restore`, or noticed.
    """
    if witness.epoch != head.epoch:
        return "agrees" if witness.epoch in epochs_before else "another log"
    if head.position < witness.head.position:
        return "behind"
    if tag_at_witness is None:
        return "agrees" if witness.head.position < oldest else "another log"
    return "agrees" if tag_at_witness == witness.head.tag else "another log"


def lost_after(witness: Witness, head: Head) -> Lost | None:
    """What the witness saw after `head`; None for nothing."""
    newest = witness.head
    if newest.position <= head.position and newest.tag == head.tag:
        return None
    common = [seen for seen in [*witness.past, newest] if seen.position <= head.position]
    base = max(common, key=lambda seen: seen.position, default=None)
    if base is newest:
        return None
    rows = {name: count - (base.rows.get(name, 0) if base else 0) for name, count in newest.rows.items()}
    return Lost(
        since=min(head.at, newest.at).astimezone(UTC),
        until=newest.at.astimezone(UTC),
        batches=newest.batches - (base.batches if base else 0),
        positions=max(0, newest.position - head.position),
        rows={name: count for name, count in rows.items() if count},
    )
