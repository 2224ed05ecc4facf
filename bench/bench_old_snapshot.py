"""A forgotten transaction holds back what may be cleared away: does a batch become dearer behind it?

Method: batches of 20 rows, before and after 500,000 marks were processed and swept while another transaction keeps an
old snapshot open, so that their dead rows must all stay in the table of marks.
"""

import time

import psycopg

from bench import sample_rows
from bench.figures import TURNS, Figure, Servers, at_most, share

ROWS = 20_000
MARKS = 500_000
PER_BATCH = 20
BATCHES = 60

_MARKS = """
insert into sync_outbox (source, id)
select (select number from sync_source where name = 'bench.rows'), md5((n %% %s + 1)::text)::uuid
from generate_series(1, %s) n
"""


async def measure(servers: Servers) -> list[Figure]:
    turns = [_turn(servers.new_database()) for _ in range(TURNS if servers.is_full else 1)]
    floor, ours = (min(values) for values in zip(*turns, strict=True))
    name = f"batch of {PER_BATCH} rows behind an old snapshot and {MARKS:,} processed marks"
    return [at_most(name, ours, "ms", floor=floor, floor_is="the same batch without", times=1.5)]


def _turn(url: str) -> tuple[float, float]:
    sample_rows.prepare(url, ROWS)
    with psycopg.connect(url, autocommit=True) as connection, psycopg.connect(url) as forgotten:
        without = min(_batches(connection) for _ in range(TURNS))
        forgotten.execute("set transaction isolation level repeatable read")
        forgotten.execute("set idle_in_transaction_session_timeout = 0")
        forgotten.execute("select count(*) from sync_outbox")  # From here on its snapshot is old.
        connection.execute(_MARKS, [ROWS, MARKS])
        sample_rows.publish(connection)
        connection.execute("select sync_sweep()")
        behind = min(_batches(connection) for _ in range(TURNS))
        forgotten.rollback()
    return without, behind


def _batches(connection: psycopg.Connection) -> float:
    """The median batch, in milliseconds."""
    spent: list[float] = []
    for number in range(BATCHES):
        connection.execute(
            "update bench_rows set title = %s where id in"
            " (select md5((%s + n)::text)::uuid from generate_series(1, %s) n)",
            [f"batch {time.monotonic_ns()}", number * PER_BATCH, PER_BATCH],
        )
        started = time.perf_counter()
        sample_rows.publish(connection)
        spent.append((time.perf_counter() - started) * 1000)
    return share(spent, 0.5)
