"""L rules under kill -9: PostgreSQL dies while it writes and sequences, comes back, and nothing is lost or doubled."""

import asyncio
import json
import secrets
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from server.embedded.ports import free_ports
from server.embedded.postgres import Postgres
from server.embedded.processes import NotReady, running
from server.exchange.loop import run_loop
from sync.digest import set_digest
from tests.sync.log_world import School, open_school

KILLS = 3
WRITE_S = 0.8  # between kills
ORPHANS_GONE_S = 60
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def postgres_in(folder: Path) -> Postgres:
    return Postgres(
        folder=folder / "postgres",
        port=free_ports(1)[0],
        superuser_password=secrets.token_urlsafe(12),
        password=secrets.token_urlsafe(12),
    )


async def write_until(url: str, user_id: UUID, stop: asyncio.Event) -> set[str]:
    """Notes whose commit was acknowledged, through every outage."""
    acknowledged: set[str] = set()
    while not stop.is_set():
        try:
            async with await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=2) as connection:
                while not stop.is_set():
                    id_ = uuid4()
                    await connection.execute(
                        "insert into notes (id, user_id, body) values (%s, %s, 'written')", [id_, user_id]
                    )
                    acknowledged.add(str(id_))
        except psycopg.OperationalError:
            await asyncio.sleep(0.02)
    return acknowledged


async def test_L14_killing_postgresql_anywhere_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    postgres, user = postgres_in(tmp_path), uuid4()
    with running(postgres, log=tmp_path / "first.log"), open_school(postgres.url()):
        pass
    stop_writing, stop_loop = asyncio.Event(), asyncio.Event()
    url = postgres.url()

    async with asyncio.TaskGroup() as group:
        loop = group.create_task(run_loop(url, stop=stop_loop))
        writers = [group.create_task(write_until(url, user, stop_writing)) for _ in range(3)]
        for life in range(KILLS):
            await asyncio.to_thread(live_and_die, postgres, tmp_path / f"{life}.log")
        stop_writing.set()
        with ExitStack() as stack:
            up_again(postgres, tmp_path / "last.log", stack)
            acknowledged = set().union(*[await writer for writer in writers])
            while not await asyncio.to_thread(is_quiet, url):  # noqa: ASYNC110 - what is waited for is the database's
                await asyncio.sleep(0.05)
            stop_loop.set()
            await loop
            with psycopg.connect(url, autocommit=True) as connection:
                judge(School(url, connection), user, acknowledged)


def live_and_die(postgres: Postgres, log: Path) -> None:
    """Up, at work for a while, and gone without a word."""
    with ExitStack() as stack:
        process = up_again(postgres, log, stack)
        time.sleep(WRITE_S)
        process.kill()
        process.wait()


def up_again(postgres: Postgres, log: Path, stack: ExitStack) -> subprocess.Popen[bytes]:
    """Whom the dead one left behind holds its memory a moment longer: until then PostgreSQL refuses to start."""
    deadline = time.monotonic() + ORPHANS_GONE_S
    while True:
        try:
            return stack.enter_context(running(postgres, log=log))
        except NotReady:
            if time.monotonic() > deadline:
                raise


def is_quiet(url: str) -> bool:
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute("select not sync_has_marks()").fetchone()
            return bool(row and row[0])
    except psycopg.OperationalError:
        return False


def judge(school: School, user: UUID, acknowledged: set[str]) -> None:
    lines = school.lines(f"user:{user}")
    written = {str(id_) for (id_,) in school.run("select id from notes")}
    in_log = [json.loads(line)[1]["id"] for line in lines]
    count, digest = school.run(
        "select count, digest from sync_digest d join sync_bucket b on b.number = d.bucket where b.name = %s"
        " order by position desc limit 1",
        f"user:{user}",
    )[0]
    assert len(acknowledged) > 100
    assert acknowledged <= written
    assert sorted(in_log) == sorted(written)
    assert (count, digest % 2**64) == set_digest(line.encode() for line in lines)
