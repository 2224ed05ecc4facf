"""A phone that was away for a year: the tags and gone lines that its cursor knew are swept, and it mends what differs.

Method: a phone in Python that follows the protocol holds 10,000 rows of about 450 bytes. Then some rows change and as
many are deleted, a year passes (dates are set back, the product's own sweeping and purging run), and it comes back:
what changed comes as increments, what is gone and forgotten is found by compare. Bytes both ways, heads and all.
"""

from dataclasses import dataclass

import psycopg

from bench import sample_rows
from bench.api import Person, add_people, api, settings_of
from bench.counting import Proxy, counted
from bench.figures import Figure, Servers
from bench.mending import MendingPhone

ROWS = 10_000
DIFFERENCES = (10, 100, 1_000)  # so many changed, and as many deleted
LINE_BYTES_MAX = 1_600  # a row that differs, with all that is asked to find it

_ROWS = """
insert into bench_rows (id, course_id, title, words)
select gen_random_uuid(), %(owner)s, 'row ' || n,
       (select string_agg(md5((n * 31 + k)::text), ' ') from generate_series(1, 10) k)
from generate_series(1, %(rows)s::int) n
"""
_CHANGE = """
with chosen as (select id, row_number() over (order by id) as n from bench_rows
                where course_id = %(owner)s and deleted_at is null order by id limit 2 * %(rows)s::int)
update bench_rows r set title = r.title || ' again', deleted_at = case when n %% 2 = 0 then now() end
from chosen c where c.id = r.id
"""
_A_YEAR = (
    "update sync_item set gone_at = now() - interval '365 days' where gone_at is not null",
    "update sync_batch set at = now() - interval '365 days'",
    "delete from sync_batch where position < (select max(position) from sync_batch)",  # as after 10,000 more of them
    "select sync_sweep()",
)


@dataclass(frozen=True)
class _Return:
    rows: int
    spent: int  # bytes
    requests: int


async def measure(servers: Servers) -> list[Figure]:
    url = servers.new_database()
    sample_rows.prepare(url, 1_000)
    with settings_of(servers, url) as settings, psycopg.connect(url, autocommit=True) as connection:
        people = await add_people(settings, len(DIFFERENCES))
        with api(settings) as port, counted(port) as proxy:
            filled = 0
            returns = []
            for person, rows in zip(people, DIFFERENCES, strict=True):
                phone, filled = _filled(connection, proxy, person)
                returns.append(_away(connection, proxy, person, phone, rows))
    return [_figure(one, filled) for one in returns]


def _figure(one: _Return, filled: int) -> Figure:
    name = f"return after a year, {one.rows:,} of {ROWS:,} rows changed and as many gone"
    goal = 2 * one.rows * LINE_BYTES_MAX
    return Figure(
        f"{name} ({one.requests} requests)",
        one.spent / 1000,
        "kB",
        filled / 1000,
        "filling everything again",
        f"≤ {LINE_BYTES_MAX / 1000:g} kB a row",
        holds=one.spent <= goal,
    )


def _filled(connection: psycopg.Connection, proxy: Proxy, person: Person) -> tuple[MendingPhone, int]:
    """A phone that holds 10,000 rows of its owner's, and what that took."""
    connection.execute(_ROWS, {"owner": person.user_id, "rows": ROWS})
    sample_rows.publish(connection)
    phone = MendingPhone(proxy.port, person)
    proxy.reset()
    phone.sync()
    counts = proxy.read()
    assert len(phone.held(f"user:{person.user_id}", sample_rows.ROWS.tier)) == ROWS
    return phone, counts.up + counts.down


def _away(connection: psycopg.Connection, proxy: Proxy, person: Person, phone: MendingPhone, rows: int) -> _Return:
    connection.execute(_CHANGE, {"owner": person.user_id, "rows": rows})
    sample_rows.publish(connection)
    for statement in _A_YEAR:
        connection.execute(statement)
    while connection.execute("select sync_purge()").fetchone() != (0,):
        pass
    proxy.reset()
    phone.sync()
    counts = proxy.read()
    assert len(phone.held(f"user:{person.user_id}", sample_rows.ROWS.tier)) == ROWS - rows
    return _Return(rows, counts.up + counts.down, counts.requests)
