"""R rules: comparing on both stores, what it costs, and over HTTP."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import psycopg
import pytest

from sync.memory import MemoryStore, Tables
from sync.memory_log import MemoryLog
from sync.ports import Row
from sync.postgres.pull_store import PostgresPullStore, open_pool
from sync.testing.comparing import Key
from sync.testing.contract_compare import AMINA, CompareContract, LogLab, differently
from sync.testing.sample import NOTES, sample_registry
from tests.support.postgres import PostgresServer
from tests.support.sample_school import make_tables

NOW_MS = 1_800_000_000_000


def log_on_memory() -> LogLab:
    registry = sample_registry()
    store = MemoryStore(Tables(registry))
    log = MemoryLog(store, registry)

    async def write(rows: Sequence[Row]) -> None:
        for row in rows:
            deleted = {"deleted_at": datetime.fromtimestamp(NOW_MS / 1000, UTC)} if "deleted_at" in row else {}
            store.tables.put(NOTES.table, {**row, **deleted})
        store.tables.settle()

    async def publish() -> None:
        log.publish(now_ms=NOW_MS)

    return LogLab(log, write, publish)


class TestMemory(CompareContract):
    @pytest.fixture
    def log(self) -> LogLab:
        return log_on_memory()


@pytest.fixture(scope="module")
def sample_url(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.new_database() as url:
        make_tables(url)
        yield url


@pytest.fixture
async def log_on_postgres(sample_url: str) -> AsyncIterator[LogLab]:
    connection = await psycopg.AsyncConnection.connect(sample_url, autocommit=True)

    async def write(rows: Sequence[Row]) -> None:
        """In one statement; a row that is there is changed."""
        kept = [row for row in rows if "deleted_at" not in row]
        gone = [row["id"] for row in rows if "deleted_at" in row]
        await connection.execute(
            "insert into sample_notes (id, user_id, text) select * from unnest(%s::uuid[], %s::uuid[], %s::text[])"
            " on conflict (id) do update set text = excluded.text",
            [[row[name] for row in kept] for name in ("id", "user_id", "text")],
        )
        await connection.execute("update sample_notes set deleted_at = now() where id = any(%s)", [gone])

    async def publish() -> None:
        await connection.execute("call sync_advance()")

    async with connection, open_pool(sample_url, size_max=2) as pool:
        async with connection.transaction():
            await connection.execute("set local sync.erasing = 'on'")
            await connection.execute("delete from sample_notes")
        yield LogLab(PostgresPullStore(pool), write, publish)


class TestPostgres(CompareContract):
    @pytest.fixture
    def log(self, log_on_postgres: LogLab) -> LogLab:
        return log_on_postgres


async def a_log_of(count: int) -> tuple[LogLab, dict[Key, bytes]]:
    log = log_on_memory()
    luck = Random(count)
    await log.write(
        [
            {"id": UUID(int=luck.getrandbits(128)), "user_id": AMINA, "text": f"{'words ' * 30}{number}"}
            for number in range(count)
        ]
    )
    return log, await log.fill()


@pytest.mark.slow
async def test_R7_one_wrong_row_in_ten_thousand_costs_a_few_kilobytes() -> None:
    log, truth = await a_log_of(10_000)
    held = differently(truth, Random(1), 1)

    bill = await log.mend(held)

    assert held == truth
    assert bill.rounds == 2
    assert bill.bytes < 10_000
    assert bill.packed < 6_000


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 20, 200])
async def test_R7_bytes_grow_with_the_difference_not_with_the_store(count: int) -> None:
    log, truth = await a_log_of(5_000)
    held = differently(truth, Random(count), count)

    bill = await log.mend(held)

    assert held == truth
    assert bill.bytes < 8_500 + 900 * count
