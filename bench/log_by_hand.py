"""A log filled by hand, some buckets a statement: lines of about 450 bytes that no feature's table stands behind."""

from collections.abc import Sequence

import psycopg

_FILL = """
with numbered as (
    insert into sync_bucket (name, hash, automatic)
    select name, ('x'||left(md5(name),16))::bit(64)::bigint, false from unnest(%(names)s::text[]) name returning number
), base as (select max(position) as position from sync_batch),
rows as (
    select number, n, gen_random_uuid() as id,
           base.position + (n - 1) * %(step)s::bigint + row_number() over (partition by n order by number) as position
    from numbered, base, generate_series(1, %(rows)s::int) n
), made as (
    select number, position, id,
        '[1,{"id":"' || id || '","title":"Lesson ' || n || '","words":"'
        || (select string_agg(md5((n * 31 + k)::text), ' ') from generate_series(1, 12) k) || '"}]' as line
    from rows
), written as (
    insert into sync_item (bucket, tier, collection, id, position, version, line, digest)
    select number, 1, 1, id, position, 1, line, ('x'||left(md5(line),16))::bit(64)::bigint from made
    returning bucket, position, digest, octet_length(line) as bytes
), totals as (
    insert into sync_digest (bucket, tier, position, count, digest, bytes)
    select bucket, 1, max(position), count(*), bit_xor(digest), sum(bytes) from written group by bucket
)
insert into sync_batch (position, tag, items, scope_changes, snapshot)
select base.position + %(rows)s::bigint * %(step)s::bigint + 1, sha256(uuid_send(gen_random_uuid())), 0, 0,
       pg_current_snapshot()
from base
"""

_GRANT = """
insert into sync_grant (source, source_id, audience, bucket, automatic)
select 1, gen_random_uuid(), 'everyone', number, false from sync_bucket where name = %s
"""

_MOVE = """
with base as (select max(position) as position from sync_batch), chosen as (
    select i.collection, i.id, i.bucket, base.position + row_number() over (order by i.position) as position
    from base, (select i.* from sync_item i join sync_bucket b on b.number = i.bucket where b.name = %s limit %s) i
), moved as (
    update sync_item i set position = c.position from chosen c
    where i.collection = c.collection and i.id = c.id and i.bucket = c.bucket returning i.bucket, i.position
), totals as (
    insert into sync_digest (bucket, tier, position, count, digest, bytes)
    select m.bucket, 1, max(m.position), d.count, d.digest, d.bytes
    from moved m join sync_digest d on d.bucket = m.bucket
    where d.position = (select max(position) from sync_digest where bucket = d.bucket)
    group by m.bucket, d.count, d.digest, d.bytes
)
insert into sync_batch (position, tag, items, scope_changes, snapshot)
select position + %s::bigint + 1, sha256(uuid_send(gen_random_uuid())), 0, 0, pg_current_snapshot() from base
"""


def fill(connection: psycopg.Connection, names: Sequence[str], rows: int) -> None:
    """So many rows in each bucket; their positions alternate, as those of rows that many people write."""
    connection.execute("call sync_advance()")
    connection.execute(_FILL, {"names": list(names), "rows": rows, "step": len(names)})
    connection.execute("vacuum analyze sync_item")


def grant(connection: psycopg.Connection, name: str) -> None:
    """To everyone who asks for it."""
    connection.execute(_GRANT, [name])


def move(connection: psycopg.Connection, name: str, rows: int) -> int:
    """So many of the bucket's rows change. Answers the position before."""
    before = head(connection)
    connection.execute(_MOVE, [name, rows, rows])
    connection.execute("vacuum analyze sync_item")
    return before


def head(connection: psycopg.Connection) -> int:
    return _number(connection.execute("select max(position) from sync_batch"))


def start_of(connection: psycopg.Connection, name: str) -> int:
    """The position before the bucket's first row."""
    find = "select min(position) - 1 from sync_item i join sync_bucket b on b.number = i.bucket where b.name = %s"
    return _number(connection.execute(find, [name]))


def _number(cursor: psycopg.Cursor) -> int:
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])
