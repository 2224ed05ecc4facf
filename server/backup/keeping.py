"""Keeps the witness: one worker at a time writes once a second how far the log has come.

It also looks whether this is the log that the witness saw. One that is not was brought back by somebody without `spark
restore`: it gets what that would have given it (erasures, another epoch, a floor), and staff are told.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import msgspec
import psycopg
import structlog
from psycopg import AsyncConnection
from sqlalchemy import text

from server.backup import ledger as ledgers
from server.backup.folder import name_of
from server.backup.objects import S3Objects, StoreAway
from server.backup.witness import KEYS, PREFIX, Witness, begin, go_on, judge, lost_after, read_witness
from server.base.errors import NotFound, Unavailable
from server.base.storage import Storage
from server.base.work import Work
from server.erasing import erase_people, forget_files
from server.notifications import notify
from sync.postgres.restoring import Head, begin_anew

EVERY_S = 1.0
AWAY_S = 5.0
LOCK_KEY = 0x7769746E  # "witn"
CONNECT_S = 5
JSON = "application/json"

_HEAD = (
    "select s.epoch, b.position, encode(b.tag, 'hex'), b.at from sync_state s, sync_batch b"
    " order by b.position desc limit 1"
)
_AT_WITNESS = """
select (select encode(tag, 'hex') from sync_batch where position = %(position)s),
       (select min(position) from sync_batch),
       array(select epoch_before from sync_restore where epoch_before is not null)
"""
_MOVED = """
with moved as (
    select position, buckets from sync_batch where position > %(since)s and position <= %(until)s
), touched as (
    select distinct unnest(buckets) as number from moved
    union select number from sync_bucket where exists (select from moved where buckets is null)
), rows as (
    select i.collection, count(distinct i.id) as changed
    from touched t cross join generate_series(0, 3) tier cross join lateral (
        select collection, id from sync_item i where i.bucket = t.number and i.tier = tier
        and i.position > %(since)s and i.position <= %(until)s) i
    group by i.collection
)
select (select count(*) from moved),
       (select coalesce(json_object_agg(s.name, r.changed), '{}')
        from rows r join sync_source s on s.number = r.collection)
"""

log = structlog.get_logger()


async def keep_witness(work: Work) -> None:
    """Until cancelled. While the database or the object store is away it tries again."""
    while True:
        try:
            async with _holding(work.settings.database_url) as connection:
                await Keeper(work, connection).run()
        except (psycopg.Error, Unavailable, StoreAway, msgspec.MsgspecError, OSError) as error:
            log.warning("witness.away", error=repr(error))
        await asyncio.sleep(AWAY_S)


@asynccontextmanager
async def _holding(url: str) -> AsyncIterator[AsyncConnection[Any]]:
    """A connection that holds the lock: there is one keeper, and another takes over when it goes."""
    async with await AsyncConnection.connect(
        url, autocommit=True, connect_timeout=CONNECT_S, application_name="spark-witness"
    ) as connection:
        while True:
            row = await (await connection.execute("select pg_try_advisory_lock(%s)", [LOCK_KEY])).fetchone()
            if row == (True,):
                break
            await asyncio.sleep(AWAY_S)
        yield connection


class Keeper:
    """Holds the lock, and the witness as it was last written."""

    def __init__(self, work: Work, connection: AsyncConnection[Any]) -> None:
        self._work = work
        self._connection = connection
        self._witness: Witness | None = None

    async def run(self) -> None:
        """Look at once, then every second."""
        while True:
            await self.turn()
            await asyncio.sleep(EVERY_S)

    async def turn(self) -> None:
        """Compare with what was written, and write what is new."""
        head = await self._head()
        if self._witness is None:
            self._witness = await load(self._work.storage)
        witness = self._witness
        if witness is not None and witness.head.tag == head.tag and witness.epoch == head.epoch:
            return
        if witness is not None and not await self._agrees(witness, head):
            await self._notice(witness, head)
            head, witness = await self._head(), None
        if witness is None or witness.epoch != head.epoch:
            following = begin(head)
            turn = 1 if witness is None else witness.turn + 1
            following = msgspec.structs.replace(following, turn=turn)
        else:
            batches, rows = await self._moved(witness.head.position, head.position)
            following = go_on(witness, head, batches=batches, rows=rows)
        await self._put(KEYS[following.turn % 2], msgspec.json.encode(following))
        self._witness = following

    async def _head(self) -> Head:
        row = await (await self._connection.execute(_HEAD)).fetchone()
        assert row is not None
        return Head(*row)

    async def _agrees(self, witness: Witness, head: Head) -> bool:
        found = await self._connection.execute(_AT_WITNESS, {"position": witness.head.position})
        row = await found.fetchone()
        assert row is not None
        verdict = judge(witness, head, tag_at_witness=row[0], oldest=row[1], epochs_before=set(row[2]))
        return verdict == "agrees"

    async def _moved(self, since: int, until: int) -> tuple[int, dict[str, int]]:
        row = await (await self._connection.execute(_MOVED, {"since": since, "until": until})).fetchone()
        assert row is not None
        return row[0], row[1]

    async def _put(self, key: str, body: bytes) -> None:
        await self._work.storage.put(key, body, media_type=JSON)

    # --- somebody brought this database back and did not say so ---

    async def _notice(self, witness: Witness, head: Head) -> None:
        """Each step may be done again: what is noted last makes it noticed."""
        now = datetime.now(UTC)
        lost = lost_after(witness, head)
        report = {
            "witness": msgspec.to_builtins(witness.head),
            "lost": msgspec.to_builtins(asdict(lost)) if lost else None,
        }
        log.error("witness.log_is_behind", position=head.position, seen=witness.head.position, report=report)
        await asyncio.to_thread(self._erase_again)
        await self._put(f"{PREFIX}noticed-{name_of(now)}.json", msgspec.json.encode(witness))
        await self._tell_staff(witness, head)
        await asyncio.to_thread(self._begin_anew, head, now, report)
        for key in KEYS:
            await self._work.storage.remove(key)

    def _erase_again(self) -> None:
        objects = S3Objects(self._work.settings.s3_url)
        ledger = ledgers.read_ledger(objects)
        with psycopg.connect(self._work.settings.database_url, autocommit=True) as connection:
            for key in erase_people(connection, ledger):
                objects.remove(key)
            forget_files(
                connection, find=lambda prefix: (e.key for e in objects.entries(prefix)), remove=objects.remove
            )

    def _begin_anew(self, head: Head, now: datetime, report: object) -> None:
        with psycopg.connect(self._work.settings.database_url, autocommit=True) as connection:
            begin_anew(connection, before=head, now=now, is_noticed=True, report=report)

    async def _tell_staff(self, witness: Witness, head: Head) -> None:
        statement = text(
            "select distinct user_id from identity_user_roles where deleted_at is null"
            " and role in ('staff', 'admin', 'super_admin')"
        )
        async with self._work.database.transaction() as tx:
            for user_id in (await tx.db.execute(statement)).scalars().all():
                await notify(
                    tx,
                    user_id,
                    kind="server.log_behind",
                    title="The server's memory went back",
                    message=(
                        f"The database stands at position {head.position}, and had been at {witness.head.position}"
                        f" ({witness.head.at:%Y-%m-%d %H:%M:%S} UTC). Phones give back what they made;"
                        " see `spark doctor` for the rest."
                    ),
                    key=f"{witness.epoch}:{witness.head.tag}",
                    priority="high",
                    data={"position": head.position, "seen": witness.head.position},
                )


async def load(storage: Storage) -> Witness | None:
    """What was last written and can be read. Raises Unavailable."""
    bodies: list[bytes] = []
    for key in KEYS:
        try:
            bodies.append(b"".join([chunk async for chunk in storage.read(key)]))
        except NotFound:
            continue
    return read_witness(bodies)
