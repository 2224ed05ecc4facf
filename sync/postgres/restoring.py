"""Brings the log of a database that was restored from a copy back to work. Nobody else may use the database meanwhile.

    sequence to its end ─► (erase again who was erased since) ─► another epoch, a version floor ─► open

What the copy held committed and unsequenced is published first: else a phone would see an acknowledged effect vanish.
The epoch says that this log may differ from the one that phones knew; the floor, that no version is used twice.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.types.json import Json

FLOOR_SHIFT = 20  # Unix seconds × 2^20: room for a million versions of a row a second, below 2^53 until the year 2242.
FLOOR_MAX = 2**53
BUSY_S = 0.01


@dataclass(frozen=True)
class Head:
    """The newest batch of a log."""

    epoch: int
    position: int
    tag: str  # hexadecimal
    at: datetime


@dataclass(frozen=True)
class Restored:
    """What became of the log."""

    before: Head  # as the copy held it
    epoch: int
    floor: int


def read_head(connection: Connection[Any]) -> Head:
    row = connection.execute(
        "select s.epoch, b.position, encode(b.tag, 'hex'), b.at from sync_state s, sync_batch b"
        " order by b.position desc limit 1"
    ).fetchone()
    assert row is not None
    return Head(*row)


def sequence_to_end(connection: Connection[Any]) -> None:
    """Publish all that is committed; waits for another leader. The connection is in autocommit mode."""
    while True:
        row = connection.execute("call sync_advance()").fetchone()
        if row is not None and row[0] == 0:
            return
        if row is not None and row[0] < 0:
            time.sleep(BUSY_S)


def begin_anew(
    connection: Connection[Any], *, before: Head, now: datetime, is_noticed: bool = False, report: object = None
) -> Restored:
    """Another epoch, a floor that no version of this log has reached, and the note of it: one transaction.

    `before` is the log's newest batch as the copy held it. A second call raises all of it once more, and harms nothing.
    """
    with connection.transaction():
        epoch = _new_epoch(connection, before.epoch)
        floor = _raise_floor(connection, now)
        connection.execute(
            "insert into sync_restore (at, epoch_before, position, is_noticed, report) values (%s, %s, %s, %s, %s)"
            " on conflict (at) do nothing",
            [now, before.epoch, before.position, is_noticed, Json(report)],
        )
    return Restored(before, epoch, floor)


def _new_epoch(connection: Connection[Any], before: int) -> int:
    row = connection.execute(
        "update sync_state set epoch = ('x' || left(md5(gen_random_uuid()::text), 13))::bit(52)::bigint"
        " where epoch = %s returning epoch",
        [before],
    ).fetchone()
    if row is not None:
        return int(row[0])
    return read_head(connection).epoch  # Another process has noticed it meanwhile.


def _raise_floor(connection: Connection[Any], now: datetime) -> int:
    row = connection.execute("select sync_version_floor()").fetchone()
    assert row is not None
    floor = max(int(row[0]) + 1, int(now.timestamp()) << FLOOR_SHIFT)
    assert floor < FLOOR_MAX
    connection.execute(  # The name and a number of our own: a function's body takes no parameters.
        "create or replace function sync_version_floor() returns bigint language sql immutable parallel safe"
        f" as 'select {floor}::bigint'".encode()
    )
    return floor
