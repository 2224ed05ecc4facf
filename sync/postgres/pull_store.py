"""The pull half's view of PostgreSQL: one statement is one look.

Head, scope, chain, totals and rows come from the same statement, or the same repeatable-read transaction: a head read
in a second statement makes every second cut wrong, and its cursor jumps over rows.
"""

import asyncio
import re
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import accumulate
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection, AsyncRawCursor, IsolationLevel, OperationalError
from psycopg.errors import QueryCanceled
from psycopg.pq import Format
from psycopg.types.string import ByteaBinaryLoader
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from sync.cursor import Filling, Pair
from sync.errors import Outage
from sync.files import Base
from sync.postgres.base_store import read_bases
from sync.postgres.compare_store import read_below, read_sums
from sync.postgres.sequencer import BUSY, advance
from sync.pull import Asked, Bucket, DeviceSeen, LogRow, Look, Total
from sync.reconcile import BranchSum, Prefix

OPTIONS = (
    # Always by the indexes, and planned once: what a page touches is small, whatever the statistics say.
    "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c work_mem=16MB -c jit=off -c timezone=UTC"
    " -c statement_timeout=10000 -c idle_in_transaction_session_timeout=60000"
)
ROW_BYTES_LEAST = 64  # How short lines may be, when we say how many rows make a page.
ROWS_MIN = 64
ROWS_MAX = 50_000
WAIT_S = 5
PUBLISH_TRIES = 3
PUBLISH_REST_S = 0.004  # A batch takes about one millisecond.

_LOOK = """
with head as materialized (select position, tag from sync_batch order by position desc limit 1),
place as (select coalesce(%(position)s::bigint, (select position from head)) as position),
audiences as materialized (
    select 'everyone' as audience union all select 'user:' || %(user)s::uuid
    union all select m.audience from sync_member m where m.user_id = %(user)s
), granted as materialized (  -- Three parts that share no bucket.
    select b.number, b.name, b.automatic from sync_bucket b
    where b.name = any(array['public', 'user:' || %(user)s::uuid])
    union all
    -- `offset 0` keeps each look-up at its index, one audience after the other, whatever the statistics say.
    select b.number, b.name, b.automatic from (
        select distinct g.bucket from audiences a
        cross join lateral (
            select g.bucket from sync_grant g where g.audience = a.audience and g.automatic offset 0) g) g
    join sync_bucket b on b.number = g.bucket
    where b.automatic and b.name <> all(array['public', 'user:' || %(user)s::uuid])
    union all
    select b.number, b.name, b.automatic from sync_bucket b
    where (b.name = any(%(names)s::text[]) or b.number = any(%(numbers)s::int[]) or b.hash = any(%(hashes)s::bigint[]))
    and not b.automatic and b.name <> all(array['public', 'user:' || %(user)s::uuid]) and exists (
        select from audiences a cross join lateral (
            select from sync_grant g where g.bucket = b.number and g.audience = a.audience offset 0) g)
), held as materialized (
    select b.number, d.tier, d.position, d.count, d.digest, d.bytes
    from granted b cross join generate_series(0, %(tier)s::int) t(tier)
    cross join lateral (
        select d.tier, d.position, d.count, d.digest, d.bytes from sync_digest d
        where d.bucket = b.number and d.tier = t.tier order by d.position desc limit 1) d
), page as materialized (  -- Twice as many rows as should fill it, by what the rows of these sets weigh.
    select least(%(limit)s::bigint, coalesce(
        %(rows_min)s + 2 * %(bytes)s::bigint * sum(h.count) / nullif(sum(h.bytes), 0), %(limit)s))::bigint as rows
    from held h cross join place p where h.position > p.position
), found as (
    select i.position, i.bucket, i.tier, i.collection, i.line
    from held h cross join place p cross join lateral (
        select i.position, i.bucket, i.tier, i.collection, i.line from sync_item i
        where i.bucket = h.number and i.tier = h.tier and i.position > p.position
        order by i.position limit (select rows from page)) i
    where h.position > p.position order by i.position limit (select rows from page)
)
select 0::bigint, 0, 0::smallint, 0::smallint, json_build_object(
    'now_ms', (extract(epoch from clock_timestamp()) * 1000)::bigint,
    'head', (select json_build_array(position, encode(tag, 'hex')) from head),
    'limit', (select rows from page), 'epoch', s.epoch, 'key', encode(sha256(s.secret || uuid_send(%(user)s)), 'hex'),
    'floor', s.floor, 'oldest', (select min(position) from sync_batch),
    'cursor', (select json_build_array(encode(b.tag, 'hex'), b.at < now() - interval '1 day')
               from sync_batch b where b.position = %(head)s::bigint),
    'settled', (select json_build_array(n, position) from sync_settled where device = %(device)s::uuid),
    'device', (select json_build_array(d.user_id, d.watermark, d.watermark_hash, d.confirmed,
                                          d.retired_at is null and d.revoked_at is null)
               from sync_device d where d.id = %(device)s),
    'gate', case when %(gate)s::uuid is null then null else ({gate}) end,
    'granted', (select coalesce(json_agg(json_build_array(number, name, automatic)), '[]') from granted)
)::text from sync_state s
union all
select position, number, tier, -1::smallint, count || ' ' || digest || ' ' || bytes from held
where %(all_totals)s or position > coalesce(%(last_cut)s::bigint, 0)
union all
select position, bucket, tier, collection, line from found
"""

_FILL = """
select i.position, i.bucket, i.tier, i.collection, i.line
from unnest(
    %(buckets)s::int[], %(tiers)s::smallint[], %(starts)s::bigint[], %(bounds)s::bigint[], %(with_gone)s::boolean[])
    p(bucket, tier, start, bound, with_gone)
cross join lateral (
    select i.position, i.bucket, i.tier, i.collection, i.line from sync_item i
    where i.bucket = p.bucket and i.tier = p.tier and i.position > p.start and i.position <= p.bound
    and (i.gone_at is null or p.with_gone)
    order by i.position limit %(limit)s) i
"""

_NAMED = "select number, convert_to(name, 'UTF8'), automatic from sync_bucket where number = any(%s)"

_TOTAL = -1  # where else the number of a collection stands
_NAME = re.compile(r"%\((\w+)\)s")
_NEWEST = "select position, tag from sync_batch order by position desc limit 1"
_TAG_AT = "select tag from sync_batch where position = %s"
_NO_GATE = "select null::json"


class _State(msgspec.Struct):
    now_ms: int
    head: tuple[int, str]
    limit: int
    epoch: int
    key: str
    floor: int
    oldest: int
    cursor: tuple[str, bool] | None  # of the batch at the cursor's head: its tag, and whether it is older than a day
    settled: tuple[int, int] | None
    device: tuple[UUID, int, str, int, bool] | None
    gate: Any
    granted: list[tuple[int, str, bool]]


_STATES = msgspec.json.Decoder(_State)


class _Numbered:
    """A statement whose %(names)s became $1, $2, …: psycopg reads one of this length anew each time, for 0.1 ms."""

    def __init__(self, statement: str) -> None:
        self._names = tuple(dict.fromkeys(_NAME.findall(statement)))
        self._text = _NAME.sub(lambda name: f"${self._names.index(name[1]) + 1}", statement).encode()

    async def rows(self, connection: AsyncConnection[Any], values: Mapping[str, Any]) -> list[Any]:
        cursor = AsyncRawCursor(connection)
        cursor.format = Format.BINARY
        await cursor.execute(self._text, [values[name] for name in self._names], prepare=True)
        return await cursor.fetchall()


class PostgresPullStore:
    """A pool of its own: reading never waits for a writer's connection."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[Any]], *, gate: str = _NO_GATE) -> None:
        """`gate`: a select of one JSON value from %(gate)s and %(user)s, asked and answered with each look."""
        self._pool = pool
        self._look = _Numbered(_LOOK.replace("{gate}", gate))
        # First fills may take half of the connections: increments always find one.
        self._fills = asyncio.Semaphore(max(1, pool.max_size // 2))

    async def look(self, asked: Asked) -> Look:
        async with self.connection() as connection:
            return await _look(connection, self._look, asked, with_all_totals=False)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator["Transaction"]:
        async with self._fills, self.connection() as connection:
            await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
            await connection.set_read_only(True)
            try:
                async with connection.transaction():
                    yield Transaction(connection, self._look)
            finally:
                if not connection.closed:
                    await connection.set_isolation_level(None)
                    await connection.set_read_only(None)

    async def collections(self) -> dict[int, str]:
        """The name of each collection by its number in the log."""
        async with self.connection() as connection:
            cursor = await connection.execute(
                "select number, convert_to(name, 'UTF8') from sync_source where kind = 'collection'"
            )
            return {number: bytes(name).decode() for number, name in await cursor.fetchall()}

    async def newest_batch(self) -> tuple[int, bytes]:
        """Where the log ends now: position and tag."""
        async with self.connection() as connection:
            row = await (await connection.execute(_NEWEST, prepare=True)).fetchone()
        assert row is not None
        return row[0], bytes(row[1])

    async def tag_at(self, position: int) -> bytes | None:
        """The tag of the batch at this position; None where there is none."""
        async with self.connection() as connection:
            row = await (await connection.execute(_TAG_AT, [position], prepare=True)).fetchone()
        return None if row is None else bytes(row[0])

    async def publish(self) -> None:
        """Sequence what is committed, so that a push finds its effects. Gives way to a leader at work for long."""
        async with self.connection() as connection:
            for _ in range(PUBLISH_TRIES):
                if await advance(connection) != BUSY:
                    return
                await asyncio.sleep(PUBLISH_REST_S)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (OperationalError, QueryCanceled, PoolTimeout) as error:
            raise Outage(f"the log cannot be read: {error}") from error


def open_pool(url: str, *, size_max: int) -> AsyncConnectionPool[AsyncConnection[Any]]:
    """Connections in autocommit mode that give lines as the bytes they are. Open and close it as a context manager."""
    return AsyncConnectionPool(
        url,
        min_size=1,
        max_size=size_max,
        timeout=WAIT_S,
        open=False,
        configure=_configure,
        check=None,
        kwargs={"autocommit": True, "options": OPTIONS},
        name="sync",
    )


async def _configure(connection: AsyncConnection[Any]) -> None:
    connection.adapters.register_loader("text", ByteaBinaryLoader)


class Transaction:
    """One repeatable-read transaction: pages and comparisons are read in it."""

    def __init__(self, connection: AsyncConnection[Any], look: _Numbered) -> None:
        self._connection = connection
        self._look = look

    async def look(self, asked: Asked, *, with_all_totals: bool = False) -> Look:
        return await _look(self._connection, self._look, asked, with_all_totals=with_all_totals)

    async def fill(self, parts: Sequence[tuple[Pair, Filling]], *, rows_each: int) -> list[LogRow]:
        values = {
            "buckets": [bucket for (bucket, _), _ in parts],
            "tiers": [tier for (_, tier), _ in parts],
            "starts": [filling.position for _, filling in parts],
            "bounds": [filling.bound for _, filling in parts],
            "with_gone": [filling.is_tail for _, filling in parts],
            "limit": rows_each,
        }
        cursor = self._connection.cursor(binary=True)
        await cursor.execute(_FILL, values, prepare=True)
        return [LogRow._make(row) for row in await cursor.fetchall()]

    async def bases(self, pairs: Sequence[Pair]) -> dict[Pair, Base]:
        return await read_bases(self._connection, pairs)

    async def sums(self, pair: Pair, prefixes: Sequence[Prefix]) -> list[BranchSum]:
        return await read_sums(self._connection, pair, prefixes)

    async def below(self, pair: Pair, prefixes: Sequence[Prefix]) -> dict[Prefix, list[LogRow]]:
        return await read_below(self._connection, pair, prefixes)


async def _look(connection: AsyncConnection[Any], statement: _Numbered, asked: Asked, *, with_all_totals: bool) -> Look:
    result = await statement.rows(connection, _values(asked, with_all_totals=with_all_totals))
    state = _STATES.decode(result[0][4])
    totals: dict[Pair, Total] = {}
    place = 1  # The parts of a `union all` come in their order.
    while place < len(result) and result[place][3] == _TOTAL:
        position, bucket, tier, _, text = result[place]
        count, digest, bytes_ = text.split()
        totals[bucket, tier] = Total(position, int(count), int(digest), int(bytes_))
        place += 1
    found = tuple(map(LogRow._make, result[place:]))
    rows = _cut(found, asked.bytes_wanted)
    granted = tuple(Bucket(*bucket) for bucket in state.granted)
    tag, is_old = state.cursor or (None, False)
    return Look(
        now_ms=state.now_ms,
        head=state.head[0],
        tag=bytes.fromhex(state.head[1]),
        epoch=state.epoch,
        key=bytes.fromhex(state.key),
        floor=state.floor,
        oldest=state.oldest,
        cursor_tag=None if tag is None else bytes.fromhex(tag),
        is_cursor_old=is_old,
        settled=state.settled[0] if state.settled else 0,
        settled_at=state.settled[1] if state.settled else 0,
        device=DeviceSeen(*state.device) if state.device else None,
        gate=state.gate,
        granted=granted,
        covered=await _covered(connection, asked, granted),
        totals=totals,
        rows=rows,
        is_at_head=len(rows) == len(found) < state.limit,
    )


def _cut(rows: tuple[LogRow, ...], bytes_wanted: int) -> tuple[LogRow, ...]:
    """As many as fill the page: all rows before which there is less than was wanted."""
    if sum(len(row.line) for row in rows) <= bytes_wanted:
        return rows
    ends = list(accumulate(len(row.line) for row in rows))
    return rows[: bisect_left(ends, bytes_wanted) + 1]


async def _covered(connection: AsyncConnection[Any], asked: Asked, granted: tuple[Bucket, ...]) -> tuple[Bucket, ...]:
    """What the cursor covers and is no longer granted. Names never change: this needs no place in the snapshot."""
    if asked.cursor is None:
        return ()
    missing = set(asked.cursor.buckets) - {bucket.number for bucket in granted}
    if not missing:
        return ()
    cursor = await connection.execute(_NAMED, [list(missing)], prepare=True)
    return tuple(Bucket(number, bytes(name).decode(), automatic) for number, name, automatic in await cursor.fetchall())


def _array(numbers: Iterable[int]) -> str:
    """As PostgreSQL writes it: psycopg looks at each member of a list, thrice, before it sends it."""
    return "{" + ",".join(map(str, numbers)) + "}"


def _values(asked: Asked, *, with_all_totals: bool) -> dict[str, Any]:
    cursor = asked.cursor
    by_cursor = asked.names is None and cursor is not None
    return {
        "user": asked.user_id,
        "device": asked.device_id,
        "gate": asked.gate,
        "position": cursor.position if cursor else None,
        "head": cursor.head if cursor else None,
        "last_cut": cursor.last_cut if cursor else None,
        "names": list(asked.names) if asked.names else "{}",
        "numbers": _array(cursor.buckets if by_cursor and cursor else ()),
        "hashes": _array(cursor.ungranted if by_cursor and cursor else ()),
        "tier": asked.tier,
        "bytes": asked.bytes_wanted,
        "rows_min": ROWS_MIN,
        "limit": max(ROWS_MIN, min(ROWS_MAX, asked.bytes_wanted // ROW_BYTES_LEAST)),
        "all_totals": with_all_totals,
    }
