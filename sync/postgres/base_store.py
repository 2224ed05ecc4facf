"""Base files in PostgreSQL: which sets deserve one, the rows to cut it from, what is offered, what is swept.

The rows of a cut are put in order by a cursor that outlives its transaction: packing takes minutes, and a snapshot held
that long would keep the log from being vacuumed. What moves meanwhile has moved beyond the base's position, and is in
its tail.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from psycopg import AsyncConnection, OperationalError

from sync.cursor import Pair
from sync.cutting import BYTES_MIN, HOLDERS_MIN, TAIL_PERCENT_MAX, Blobs, Line, Size, Standing
from sync.errors import Outage
from sync.files import BASE_DAYS_MAX, CHUNK_KEPT_DAYS, ENCODINGS, Base, Chunk, blob_key, folder_of

# Whoever has the path may read a file, and caches keep it: what people wrote, staff's drafts and refused ops never are.
FILE_KINDS = ("public", "course")
LOCK_SPACE = 0x626173_65  # "base"; the lock's second key is the bucket's number
FETCH_ROWS = 500
SORT_MEMORY = "64MB"
SWEEP_MAX = 500  # chunks a bucket and turn
CONNECT_S = 5
FRESH_S = 60  # A base that was cut a moment ago is good enough for a pack.

Connection = AsyncConnection[Any]  # Any: whatever its rows are

_BASES = """
select b.bucket, b.tier, b.position, b.chunks, b.chunk_bytes, b.chunk_rows
from unnest(%(buckets)s::int[], %(tiers)s::smallint[]) p(bucket, tier)
join sync_base b on b.bucket = p.bucket and b.tier = p.tier
join sync_batch t on t.position = b.position and t.tag = b.tag
cross join sync_state s
where b.lost_at is null and b.made_at > now() - make_interval(days => %(days)s) and b.position >= s.floor
-- A tail as long as half of the base: by then the log alone is less work.
and b.rows / 2 >= (select count(*) from (
    select from sync_item i where i.bucket = b.bucket and i.tier = b.tier and i.position > b.position
    limit b.rows / 2 + 1) tail)
"""

_STANDINGS = """
with newest as (
    select distinct on (d.bucket, d.tier) d.bucket, d.tier, d.count, d.bytes from sync_digest d
    join sync_bucket k on k.number = d.bucket where split_part(k.name, ':', 1) = any(%(kinds)s)
    order by d.bucket, d.tier, d.position desc
), held as (
    select k.number, case
        when k.name = 'public' or exists (
            select from sync_grant g where g.bucket = k.number and g.audience = 'everyone') then %(enough)s
        else (select count(*) from (
            select distinct coalesce(m.user_id::text, g.audience) from sync_grant g
            left join sync_member m on m.audience = g.audience
            where g.bucket = k.number and (m.user_id is not null or g.audience like 'user:%%')
            limit %(enough)s) holders) end as holders
    from sync_bucket k where k.number in (select bucket from newest where bytes >= %(bytes)s)
)
select n.bucket, n.tier, n.count, n.bytes, h.holders, b.rows, coalesce((
        select count(*) from (
            select from sync_item i where i.bucket = n.bucket and i.tier = n.tier and i.position > b.position
            limit n.count * %(percent)s / 100 + 1) tail), 0),
    coalesce(extract(epoch from now() - b.made_at), 0)::bigint,
    b.position is not null and (b.lost_at is not null or t.position is null)
from newest n join held h on h.number = n.bucket
left join sync_base b on b.bucket = n.bucket and b.tier = n.tier
left join sync_batch t on t.position = b.position and t.tag = b.tag
where n.bytes >= %(bytes)s
order by n.bucket, n.tier
"""

_PAIRS = f"""
with newest as (
    select distinct on (d.bucket, d.tier) d.bucket, d.tier, d.count from sync_digest d
    join sync_bucket k on k.number = d.bucket
    where k.name = %(name)s and split_part(k.name, ':', 1) = any(%(kinds)s)
    order by d.bucket, d.tier, d.position desc
)
select n.bucket, n.tier, b.made_at < now() - interval '{FRESH_S} seconds' and exists (
    select from sync_item i where i.bucket = n.bucket and i.tier = n.tier and i.position > b.position)
from newest n left join sync_base b on b.bucket = n.bucket and b.tier = n.tier
where n.count > 0 order by n.tier
"""

_LOSS = """
with suspect as (
    select c.bucket from sync_chunk c join sync_bucket k on k.number = c.bucket where c.sha256 = %(sha256)s
    and left(encode(sha256(convert_to('bucket:' || k.name, 'UTF8')), 'hex'), 32) = %(folder)s  -- as `folder_of` does
), mistrusted as (
    update sync_chunk c set is_stored = false from suspect s where c.bucket = s.bucket and c.is_stored
)
update sync_base b set lost_at = clock_timestamp() from suspect s
where b.bucket = s.bucket and %(sha256)s = any(b.chunks) and b.lost_at is null returning b.bucket
"""


# --- offering ---------------------------------------------------------------------------------------------------


async def read_bases(connection: Connection, pairs: Sequence[Pair]) -> dict[Pair, Base]:
    """See `pull.Snapshot.bases`; read within the transaction that the page is read in."""
    cursor = connection.cursor(binary=True)
    values = {"buckets": [bucket for bucket, _ in pairs], "tiers": [tier for _, tier in pairs], "days": BASE_DAYS_MAX}
    await cursor.execute(_BASES, values, prepare=True)
    found = {
        (bucket, tier): Base(position, tuple(map(_chunk, hashes, sizes, rows)))
        for bucket, tier, position, hashes, sizes, rows in await cursor.fetchall()
    }
    return {pair: found[pair] for pair in pairs if pair in found}


@dataclass(frozen=True)
class PackedPair:
    """A set of one bucket that has rows, and so belongs into a pack of it."""

    pair: Pair
    has_moved: bool  # since its base was cut


async def read_pairs(connection: Connection, bucket: str) -> list[PackedPair]:
    """Of a bucket that may be files at all; none for any other."""
    rows = await (await connection.execute(_PAIRS, {"name": bucket, "kinds": list(FILE_KINDS)})).fetchall()
    return [PackedPair((number, tier), bool(has_moved)) for number, tier, has_moved in rows]


def _chunk(sha256: bytes, size: int, rows: int) -> Chunk:
    return Chunk(sha256.hex(), size, rows)


# --- cutting ----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """A connection of its own, for work that takes minutes. Raises Outage, as does what is done in the block."""
    try:
        async with await AsyncConnection.connect(
            url, autocommit=True, connect_timeout=CONNECT_S, application_name="spark-files"
        ) as connection:
            yield connection
    except OperationalError as error:
        raise Outage(f"cutting lost the database: {error}") from error


async def read_standings(connection: Connection) -> dict[Pair, Standing]:
    """Of the sets that are large enough, in buckets that may be files at all."""
    values = {"kinds": list(FILE_KINDS), "enough": HOLDERS_MIN, "bytes": BYTES_MIN, "percent": TAIL_PERCENT_MAX}
    rows = await (await connection.execute(_STANDINGS, values)).fetchall()
    return {(bucket, tier): Standing(*rest) for bucket, tier, *rest in rows}


@asynccontextmanager
async def open_cut(connection: Connection, pair: Pair) -> AsyncIterator["PostgresCut | None"]:
    """The set, locked to everybody else who would cut or sweep its bucket; None when one of them is at it.

    The lock goes with the connection.
    """
    async with _locked(connection, pair[0]) as is_ours:
        if not is_ours:
            yield None
            return
        cut = PostgresCut(connection, pair)
        await cut.begin()
        try:
            yield cut
        finally:
            if not connection.closed:
                await connection.execute("close all")


@asynccontextmanager
async def _locked(connection: Connection, bucket: int) -> AsyncIterator[bool]:
    row = await (await connection.execute("select pg_try_advisory_lock(%s, %s)", [LOCK_SPACE, bucket])).fetchone()
    assert row is not None
    try:
        yield bool(row[0])
    finally:
        if row[0] and not connection.closed:
            await connection.execute("select pg_advisory_unlock(%s, %s)", [LOCK_SPACE, bucket])


class PostgresCut:
    """`cutting.Cut` on one connection."""

    def __init__(self, connection: Connection, pair: Pair) -> None:
        self._connection = connection
        self._number, self._tier = pair
        self._names: dict[int, str] = {}
        self._tag = b""
        self.bucket = ""
        self.position = 0
        self.sizes: Mapping[str, Size] = {}
        self.windows: Mapping[str, int] = {}

    async def begin(self) -> None:
        """Put the rows in order, all from one snapshot, which ends with this."""
        async with self._connection.transaction():
            await self._connection.execute("set transaction isolation level repeatable read")
            await self._connection.execute("select set_config('work_mem', %s, true)", [SORT_MEMORY])
            [(self.bucket, self.position, self._tag, windows)] = await self._rows(
                "select k.name, t.position, t.tag, b.windows::text from sync_bucket k"
                " cross join (select position, tag from sync_batch order by position desc limit 1) t"
                " left join sync_base b on b.bucket = k.number and b.tier = %s where k.number = %s",
                self._tier,
                self._number,
            )
            self.windows = {} if windows is None else msgspec.json.decode(windows, type=dict[str, int])
            sizes = await self._rows(
                "select s.number, s.name, count(*)::int, sum(octet_length(i.line))::bigint from sync_item i"
                " join sync_source s on s.number = i.collection"
                " where i.bucket = %s and i.tier = %s and i.gone_at is null group by 1, 2",
                self._number,
                self._tier,
            )
            self._names = {number: name for number, name, _, _ in sizes}
            self.sizes = {name: Size(count, size) for _, name, count, size in sizes}
            await self._connection.execute(
                "declare base_rows no scroll cursor with hold for"
                " select collection, uuid_send(id), convert_to(line, 'UTF8') from sync_item"
                f" where bucket = {self._number:d} and tier = {self._tier:d} and gone_at is null"
                " order by collection, id"
            )

    async def rows(self) -> AsyncIterator[Sequence[Line]]:
        cursor = self._connection.cursor(binary=True)
        while True:
            await cursor.execute(f"fetch {FETCH_ROWS:d} from base_rows")
            found = await cursor.fetchall()
            if not found:
                return
            yield [Line(self._names[collection], id_, line) for collection, id_, line in found]

    async def has_chunk(self, sha256: str) -> bool:
        found = await self._rows(
            "update sync_chunk set named_at = clock_timestamp() where bucket = %s and sha256 = %s returning is_stored",
            self._number,
            bytes.fromhex(sha256),
        )
        return bool(found and found[0][0])

    async def add_chunk(self, chunk: Chunk) -> None:
        await self._connection.execute(
            "insert into sync_chunk (bucket, sha256, is_stored) values (%s, %s, true)"
            " on conflict (bucket, sha256) do update set is_stored = true, named_at = clock_timestamp()",
            [self._number, bytes.fromhex(chunk.sha256)],
        )

    async def publish(self, base: Base, windows: Mapping[str, int], *, packed_bytes: int) -> None:
        """The files of the base before stay for some days from now."""
        del packed_bytes
        async with self._connection.transaction():
            await _unname(self._connection, self._number, self._tier)
            await self._connection.execute(
                "insert into sync_base (bucket, tier, position, tag, rows, chunks, chunk_bytes, chunk_rows, windows)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s, %s::json)",
                [
                    self._number,
                    self._tier,
                    base.position,
                    self._tag,
                    base.rows,
                    [bytes.fromhex(chunk.sha256) for chunk in base.chunks],
                    [chunk.bytes for chunk in base.chunks],
                    [chunk.rows for chunk in base.chunks],
                    msgspec.json.encode(windows).decode(),
                ],
            )

    async def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:  # Any: a row is as wide as asked
        return await (await self._connection.execute(sql.encode(), values)).fetchall()


async def _unname(connection: Connection, bucket: int, tier: int) -> None:
    """Drop the base; its chunks were named until now."""
    await connection.execute(
        "with dropped as (delete from sync_base where bucket = %(bucket)s and tier = %(tier)s returning chunks)"
        " update sync_chunk set named_at = clock_timestamp()"
        " where bucket = %(bucket)s and sha256 in (select unnest(chunks) from dropped)",
        {"bucket": bucket, "tier": tier},
    )


# --- loss and sweeping ------------------------------------------------------------------------------------------


async def report_loss(connection: Connection, folder: str, sha256: str) -> int:
    """A file was not in the store. Where one of ours should be: withdraw the bases that name it.

    None of the bucket's files is trusted before it was looked for. Answers how many bases were withdrawn; none, too,
    for a hash that never was.
    """
    values = {"sha256": bytes.fromhex(sha256), "folder": folder}
    rows = await (await connection.execute(_LOSS, values)).fetchall()
    return len(rows)


async def sweep_files(connection: Connection, blobs: Blobs) -> int:
    """Remove files that no base has named for some days, and bases past their time. Answers how many chunks went."""
    expired = await (
        await connection.execute(
            "select bucket, tier from sync_base where made_at < now() - make_interval(days => %s)", [BASE_DAYS_MAX]
        )
    ).fetchall()
    for bucket, tier in expired:
        async with connection.transaction():
            await _unname(connection, bucket, tier)
    buckets = await (
        await connection.execute(
            "select distinct c.bucket, k.name from sync_chunk c join sync_bucket k on k.number = c.bucket"
            " where c.named_at < now() - make_interval(days => %s)",
            [CHUNK_KEPT_DAYS],
        )
    ).fetchall()
    swept = 0
    for bucket, name in buckets:
        async with _locked(connection, bucket) as is_ours:
            if is_ours:  # Else it is being cut: another time.
                swept += await _sweep_bucket(connection, blobs, bucket, name)
    return swept


async def _sweep_bucket(connection: Connection, blobs: Blobs, bucket: int, name: str) -> int:
    """Mistrusted first, removed then, forgotten last: killed in between, no cut takes a removed file for stored."""
    rows = await (
        await connection.execute(
            "update sync_chunk c set is_stored = false from ("
            "    select sha256 from sync_chunk where bucket = %(bucket)s"
            "    and named_at < now() - make_interval(days => %(days)s)"
            "    and sha256 not in (select unnest(chunks) from sync_base where bucket = %(bucket)s) limit %(most)s) old"
            " where c.bucket = %(bucket)s and c.sha256 = old.sha256 returning c.sha256",
            {"bucket": bucket, "days": CHUNK_KEPT_DAYS, "most": SWEEP_MAX},
        )
    ).fetchall()
    for (sha256,) in rows:
        for encoding in ENCODINGS:
            await blobs.remove(blob_key(folder_of(name), sha256.hex(), encoding))
        await connection.execute("delete from sync_chunk where bucket = %s and sha256 = %s", [bucket, sha256])
    return len(rows)
