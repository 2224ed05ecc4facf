"""A synced table, rows of about 450 bytes on the wire; its bare twin; a sequencing loop in a process of its own."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import msgspec
import psycopg

from sync.collection import Collection, bucket
from sync.postgres.install import install
from sync.postgres.sequencer import BUSY
from sync.registry import build_registry

TABLE = """
create table {name} (id uuid primary key, version bigint not null default 1, deleted_at timestamptz(3),
    course_id uuid not null, title text not null, words text not null)
"""
SYNCED, BARE = "bench_rows", "bench_bare"
OF_450_BYTES = "repeat(md5(n::text), 9)"  # with ids, names and title
PER_BUCKET = 250
LOOK_S = 0.001
_ROWS = f"""
insert into {{name}} (id, course_id, title, words)
select md5(n::text)::uuid, md5((n % {{buckets}})::text)::uuid, 'row ' || n, {OF_450_BYTES}
from generate_series(1, {{rows}}) n
"""


class BenchRow(msgspec.Struct):
    id: UUID
    course_id: UUID
    title: str
    words: str


ROWS = Collection(name="bench.rows", table=SYNCED, row=BenchRow, buckets=(bucket("user", "course_id"),))


def prepare(url: str, rows: int) -> None:
    """Both tables with the same rows in about 250 buckets each; all published, everything analysed."""
    with psycopg.connect(url) as connection:
        for name in (SYNCED, BARE):
            connection.execute(TABLE.format(name=name))
        connection.commit()
        install(connection, build_registry(schema=1, collections=[ROWS]))  # beside the product's own
        for name in (SYNCED, BARE):
            connection.execute(_ROWS.format(name=name, rows=rows, buckets=max(1, rows // PER_BUCKET)))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("call sync_advance()")
        connection.execute("vacuum analyze")


def publish(connection: psycopg.Connection) -> None:
    """Until all that is committed stands in the log, whoever put it there: the API sequences, too."""
    while (done := connection.execute("call sync_advance()").fetchone()) != (0,):
        if done == (BUSY,):
            time.sleep(LOOK_S)


def change_one(name: str, rows: int) -> str:
    """For pgbench: one of the first so many rows gets another title."""
    change = f"update {name} set title = 'changed ' || random() where id = md5(:n::text)::uuid;"
    return f"\\set n random(1, {rows})\n{change}\n"


def add_one(name: str) -> str:
    """For pgbench: a row that was not there."""
    values = f"gen_random_uuid(), gen_random_uuid(), 'new', {OF_450_BYTES} from (select random() n) x"
    return f"insert into {name} (id, course_id, title, words) select {values};\n"


@contextmanager
def loop(url: str) -> Iterator[None]:
    """The product's sequencing loop."""
    process = subprocess.Popen([sys.executable, "-m", "bench.sample_rows", url])
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


if __name__ == "__main__":
    import asyncio

    from server.exchange.loop import run_loop

    asyncio.run(run_loop(sys.argv[1], stop=asyncio.Event()))
