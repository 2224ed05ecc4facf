"""The server loses PostgreSQL at each round trip of a push and of a batch, before it and after it. SPEC.md S8.

Then it happens once more with PostgreSQL itself killed around the commits. Sent again, everything stands once.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from server.embedded.processes import running
from sync.digest import set_digest
from sync.errors import Outage
from sync.receipts import PushAnswer
from sync.testing.lab import Lab, outcomes
from sync.testing.phone import Pen, id_of
from sync.testing.sample import NOTES
from tests.support.postgres import PostgresServer
from tests.support.postgres_proxy import PostgresProxy, Side, postgres_proxy
from tests.support.sample_school import SampleStore, make_tables, open_sample
from tests.sync.log_world import open_school
from tests.sync.test_crash import postgres_in

pytestmark = pytest.mark.slow

TRIES_MAX = 8
POINT_EVERY = 3  # of the round trips before the last ones, which write the receipts and commit
STANDS = (9, 2, 1)  # spent, notes, parked ops
EXPECTED = ["applied", "applied", "parked credit.empty", "applied", "applied", "applied"]


@pytest.fixture(scope="module")
def sample_url(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.new_database() as url:
        make_tables(url)
        yield url


@asynccontextmanager
async def behind_a_link(url: str) -> AsyncIterator[tuple[Lab, PostgresProxy, SampleStore]]:
    """A server whose link to PostgreSQL may break, and a store beside it that looks at what became of it."""
    async with (
        postgres_proxy(url) as link,
        open_sample(link.url(url)) as store,
        open_sample(url) as beside,
    ):
        yield Lab(store), link, beside


def six_ops(name: str) -> Pen:
    """A create, a command, a refusal, a group of two, a command; of a phone and on records of this name."""
    pen, account = Pen(name), account_of(name)
    pen.create(NOTES, id_of(f"one {name}"), {"text": "one"})
    pen.command("sample.spend", account_id=account, amount=5)
    pen.command("sample.spend", account_id=account, amount=7)
    pen.create(NOTES, id_of(f"two {name}"), {"text": "two"}, group=["g", 2])
    pen.command("sample.spend", account_id=account, amount=3, more={"group": ["g", 2]})
    pen.command("sample.spend", account_id=account, amount=1)
    return pen


def account_of(name: str) -> UUID:
    return id_of(f"account {name}")


async def push_until_answered(lab: Lab, pen: Pen) -> PushAnswer:
    for _ in range(TRIES_MAX):
        try:
            return await lab.push(pen)
        except Outage:
            continue
    raise AssertionError("the outage does not end")


async def what_stands(store: SampleStore, name: str) -> tuple[int, int, int]:
    """(what was spent, notes, parked ops) of that name."""
    async with store.engine.connect() as connection:
        spent = await connection.execute(
            text("select amount from sample_spendings where id = :id"), {"id": account_of(name)}
        )
        ids = [id_of(f"one {name}"), id_of(f"two {name}")]
        notes = await connection.execute(text("select count(*) from sample_notes where id = any(:ids)"), {"ids": ids})
        device = {"id": Pen(name).device_id}
        parked = await connection.execute(text("select count(*) from sync_op where device_id = :id"), device)
        return spent.scalar() or 0, notes.scalar_one(), parked.scalar_one()


async def test_S8_a_push_that_loses_its_database_at_any_round_trip_takes_effect_once(sample_url: str) -> None:
    """What is cut before a round trip is what was cut after the one before it, but for the first."""
    async with behind_a_link(sample_url) as (lab, link, beside):
        await lab.push(Pen("another"))  # Whatever a connection asks once is asked.
        link.count_anew()
        assert outcomes(await lab.push(six_ops("fair"))) == EXPECTED
        trips = link.trips
        after = sorted({*range(1, trips, POINT_EVERY), *range(trips - 4, trips + 1)})
        places: list[tuple[int, Side]] = [(1, "before"), *((trip, "after") for trip in after)]

        for trip, side in places:
            name = f"{side} {trip}"
            pen = six_ops(name)
            link.arm(trip, side)
            assert outcomes(await push_until_answered(lab, pen)) == EXPECTED
            assert outcomes(await lab.push(pen)) == EXPECTED  # The receipts of then, word for word.
            assert await what_stands(beside, name) == STANDS

        assert trips > 5
        assert link.broken == len(places)


@pytest.mark.parametrize("side", ["before", "after"])
async def test_S8_a_leader_that_loses_its_database_leaves_a_whole_batch_or_none(
    empty_database_url: str, side: Side
) -> None:
    with open_school(empty_database_url) as school:
        user = id_of("amina")
        for _ in range(3):
            school.note(user)
        async with postgres_proxy(empty_database_url) as link:
            connection = await psycopg.AsyncConnection.connect(link.url(empty_database_url), autocommit=True)
            link.arm(1, side)
            with pytest.raises(psycopg.OperationalError):
                await connection.execute("call sync_advance()")
            await connection.close()
        published = len(school.lines(f"user:{user}"))

        school.note(user)
        school.advance()

        assert published == (0 if side == "before" else 3)
        lines = school.lines(f"user:{user}")
        assert len(lines) == len(set(lines)) == 4
        [(count, digest)] = school.run(
            "select count, digest from sync_digest d join sync_bucket b on b.number = d.bucket where b.name = %s"
            " order by position desc limit 1",
            f"user:{user}",
        )
        assert (count, digest % 2**64) == set_digest(line.encode() for line in lines)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_S8_postgresql_killed_around_the_commit_of_a_push_has_all_of_it_or_nothing(tmp_path: Path) -> None:
    postgres = postgres_in(tmp_path)
    with running(postgres, log=tmp_path / "0.log"):
        make_tables(postgres.url())
        async with behind_a_link(postgres.url()) as (lab, link, beside):
            await lab.push(Pen("another"))
            link.count_anew()
            await lab.push(six_ops("fair"))
            trips = link.trips
            assert b"COMMIT" in link.statements[-1].upper()
            assert await what_stands(beside, "fair") == STANDS

    for number, side in enumerate(("before", "after"), start=1):
        async with postgres_proxy(postgres.url()) as link:
            pen = six_ops(side)
            with running(postgres, log=tmp_path / f"{number}.log") as process:
                async with open_sample(link.url(postgres.url())) as store:
                    await Lab(store).push(Pen(f"another {number}"))
                    link.on_break = process.kill
                    link.arm(trips, side)
                    with pytest.raises(Outage):
                        await Lab(store).push(pen)
                await asyncio.to_thread(process.wait)
            with running(postgres, log=tmp_path / f"{number} again.log"):
                async with open_sample(postgres.url()) as store:
                    assert await what_stands(store, side) == ((0, 0, 0) if side == "before" else STANDS)
                    assert outcomes(await push_until_answered(Lab(store), pen)) == EXPECTED
                    assert await what_stands(store, side) == STANDS


def test_S8_the_link_reads_where_a_message_ends() -> None:
    proxy = PostgresProxy(5432, port=6543)

    url = urlsplit(proxy.url("postgresql://a:b@127.0.0.1:5432/spark"))

    assert (url.port, url.username, url.path, url.query) == (6543, "a", "/spark", "sslmode=disable")
