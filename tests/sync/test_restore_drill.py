"""B rules: the drill. A real installation is backed up while three phones work, loses its database, and comes back."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from server.backup.objects import S3Objects
from server.base.ids import new_id
from server.cli.restore import stopped
from server.embedded.installation import AlreadyRunning
from server.embedded.installation import Installation as DataFolder
from server.embedded.plan import check_settings, make_plan
from server.embedded.postgres import NoPostgres
from server.identity.accounts import NewAccount, answer_for, create_account
from server.means import open_work
from server.settings import Settings
from tests.features.school import PHYSICS
from tests.support.installation import ROOT, Installation
from tests.support.phone import Phone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PASSWORD = "Correct-horse-7"
PEOPLE = {"amina": "student", "brian": "student", "madina": "mentor"}
WAIT_S = 120.0


@pytest.fixture(scope="module")
async def installation(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    """An empty school with three people."""
    installation = Installation(tmp_path_factory.mktemp("drill") / "data", settings={"SPARK_DEMO": "0"})
    await asyncio.to_thread(installation.start)
    try:
        await add_people(installation)
        yield installation
    finally:
        await asyncio.to_thread(installation.stop)


async def add_people(installation: Installation) -> None:
    work = open_work(Settings.from_env(DataFolder(installation.data).running_env()))
    async with work.database.transaction() as tx:
        for name, role in PEOPLE.items():
            account = NewAccount(
                email=f"{name}@example.org",
                full_name=f"{name.title()} K",
                role=role,
                password=PASSWORD,
                is_verified=True,
            )
            user = await create_account(tx, account)
            if role == "mentor":
                await answer_for(tx, user_id=user.id, subject_ids=[PHYSICS])
    await work.redis.aclose()
    await work.database.close()


def put_object(installation: Installation, key: str, body: bytes, *, scratch: Path) -> None:
    (scratch / "object").write_bytes(body)
    S3Objects(DataFolder(installation.data).running_env()["SPARK_S3_URL"]).write(key, scratch / "object")


def send_file(installation: Installation, state: str, *, scratch: Path) -> str:
    """All its parts, and nobody has looked at it; or its sender still sends."""
    upload_id = str(new_id())
    put_object(installation, f"temp/{upload_id}/00000.0-a", b"a part", scratch=scratch)
    psql(
        installation,
        "insert into media_uploads (id, owner_id, name, mime, bytes, sha256, part_bytes, purpose, state, expires_at)"
        f" values ('{upload_id}', gen_random_uuid(), 'a.txt', 'text/plain', 6, repeat('0', 64), 1048576, 'course',"
        f" '{state}', now() + interval '8 days')",
    )
    psql(
        installation,
        "insert into media_upload_parts (upload_id, number, received_bytes, pieces, completed_at)"
        f" values ('{upload_id}', 0, 6, array['0-a'], now())",
    )
    return upload_id


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def psql(installation: Installation, statement: str) -> list[tuple[object, ...]]:
    url = DataFolder(installation.data).running_env()["SPARK_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return list(cursor.fetchall()) if cursor.description else []


@asynccontextmanager
async def phones_of(installation: Installation) -> AsyncIterator[dict[str, Phone]]:
    async with AsyncExitStack() as stack:
        phones = {}
        for name in PEOPLE:
            client = await stack.enter_async_context(httpx.AsyncClient(base_url=installation.url, timeout=60))
            signing_in = {"email": f"{name}@example.org", "password": PASSWORD}
            answer = await client.post("/api/v1/auth/login", json=signing_in)
            client.headers["authorization"] = f"Bearer {answer.json()['data']['access_token']}"
            phones[name] = Phone(client)
            await phones[name].sync()
        yield phones


def begin(installation: Installation, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "server.cli", *words]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=ROOT, env=installation.env, stdout=quiet, stderr=quiet, start_new_session=True)


def kill(process: subprocess.Popen[bytes]) -> None:
    """As a loss of power does: its children, which are of its session, go with it."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def until_there(pattern: str, folder: Path) -> Path:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if found := next(folder.glob(pattern), None):
            return found
        time.sleep(0.01)
    raise AssertionError(f"{pattern} never came to be in {folder}")


def ask(phone: Phone, title: str) -> str:
    id_ = str(new_id())
    args = {"id": id_, "subject_id": str(PHYSICS), "title": title, "body": "Why?", "visibility": "public"}
    phone.command("questions.question.ask", args)
    return id_


async def witnessed(installation: Installation) -> None:
    """Wait until the witness has seen all that is committed."""
    deadline = time.monotonic() + WAIT_S
    folder = installation.data / "s3" / "spark" / "witness"
    while time.monotonic() < deadline:
        [[head, behind]] = psql(installation, "select max(position), sync_has_marks() from sync_batch")
        seen = [json.loads(path.read_bytes() or b"{}") for path in folder.glob("[ab].json")]
        if not behind and head in [witness.get("head", {}).get("position") for witness in seen]:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the witness does not see what was committed")


async def test_B1_B5_B7_B8_B11_three_phones_bring_back_what_the_server_lost(
    installation: Installation, tmp_path: Path
) -> None:
    """The story of one bad day, in order: a server takes its time to start, and each step needs the one before."""
    folder = tmp_path / "backups"
    picture = installation.data / "s3" / "spark" / "media" / "ab" / ("ab" * 32)
    put_object(installation, f"media/ab/{picture.name}", b"a picture", scratch=tmp_path)
    half, whole = (send_file(installation, state, scratch=tmp_path) for state in ("receiving", "received"))
    async with phones_of(installation) as phones:
        first = ask(phones["amina"], "1 before the backup")
        await phones["amina"].sync()
        await witnessed(installation)  # So that what it counts as lost is exact, and no upper limit.
        backup = await back_up_after_a_broken_one(installation, folder)
        await work_on(installation, phones, first)
        with pytest.raises(AlreadyRunning), stopped(DataFolder(installation.data)):
            pytest.fail("a running system would be restored")

        await lose_the_database(installation)
        picture.unlink()
        ask(phones["amina"], "4 while it was away")
        said = await restore_after_a_broken_one(installation, backup)

        assert picture.read_bytes() == b"a picture"
        listed = (backup / "objects.ndjson").read_text()
        assert (f"temp/{half}/" in listed, f"temp/{whole}/" in listed) == (False, True)
        # Two were asked; one was answered, and its asker took another name: once or twice, as the batches fell.
        assert re.search(r"questions\.questions [34]\b", said), said
        assert "catalog.subjects 1" in said.partition("Look after these by hand")[2]
        [report] = (installation.data / "restores").glob("*.json")
        assert json.loads(report.read_text())["lost"]["positions"] > 0
        await asyncio.to_thread(installation.start)
        for name in ("madina", "brian", "amina"):
            await phones[name].sync()
        parts = "select upload_id::text from media_upload_parts"
        assert psql(installation, parts) == [(whole,)]  # The half is sent anew.
        await settled(installation, phones)
        await check_that_all_is_back(installation, phones)


async def back_up_after_a_broken_one(installation: Installation, folder: Path) -> Path:
    """One that is killed on its way has no name; the next is whole, and clears away what is left of it."""
    broken = begin(installation, "backup", str(folder))
    await asyncio.to_thread(until_there, ".partial-*/postgres/base", folder)
    kill(broken)
    assert {name for name in names_in(folder) if not name.startswith(".")} <= {"objects"}

    backup = Path(await asyncio.to_thread(installation.spark, "backup", str(folder)))

    assert names_in(folder) == {".lock", "objects", backup.name}
    return backup


async def work_on(installation: Installation, phones: dict[str, Phone], first: str) -> None:
    """Questions, an answer, a name; and the server by itself writes a row that no phone ever could."""
    amina, brian, madina = phones.values()
    ask(brian, "2 after the backup")
    ask(brian, "3 after the backup")
    await brian.sync()
    madina.command("questions.answer.post", {"id": str(new_id()), "question_id": first, "body": "Because."})
    await madina.sync()
    [me] = amina.all("identity.me")
    amina.patch("identity.me", me, {"display_name": "Star"}, base=1)
    await amina.sync()
    psql(
        installation,
        "insert into catalog_subjects (id, name, slug) values (gen_random_uuid(), 'Paid for', 'paid-for')",
    )
    await witnessed(installation)


async def lose_the_database(installation: Installation) -> None:
    installation.kill_supervisor()
    await asyncio.to_thread(wait_until_stopped, installation)
    shutil.rmtree(installation.data / "postgres")


async def restore_after_a_broken_one(installation: Installation, backup: Path) -> str:
    """A killed one leaves nothing that passes for a database: a start is refused, and the same words do it again."""
    killed = begin(installation, "restore", str(backup))
    await asyncio.to_thread(until_there, "postgres.restoring/global", installation.data)
    kill(killed)
    starting = make_plan(installation.env, check_settings(installation.env)).postgres
    assert starting is not None
    with pytest.raises(NoPostgres, match="run the same `spark restore` again"):
        starting.prepare()

    return await asyncio.to_thread(installation.spark, "restore", str(backup))


async def check_that_all_is_back(installation: Installation, phones: dict[str, Phone]) -> None:
    titles = [title for (title,) in psql(installation, "select title from questions_questions order by 1")]
    assert titles == ["1 before the backup", "2 after the backup", "3 after the backup", "4 while it was away"]
    assert {row["title"] for row in phones["madina"].all("questions.questions").values()} == set(titles)
    assert psql(installation, "select body from questions_answers") == [("Because.",)]
    assert psql(installation, "select display_name from identity_users where display_name is not null") == [("Star",)]
    assert psql(installation, "select count(*) from catalog_subjects where slug = 'paid-for'") == [(0,)]
    assert psql(installation, "select is_noticed from sync_restore") == [(False,)]
    assert {phone.forks for phone in phones.values()} == {0}


def wait_until_stopped(installation: Installation) -> None:
    """The children of a supervisor that was killed end by themselves."""
    deadline = time.monotonic() + WAIT_S
    while (installation.data / "postgres" / "postmaster.pid").exists():
        assert time.monotonic() < deadline, "PostgreSQL does not end"
        time.sleep(0.05)


async def settled(installation: Installation, phones: dict[str, Phone]) -> None:
    """Every phone shows what the log holds."""
    deadline = time.monotonic() + WAIT_S
    while psql(installation, "select sync_has_marks()") == [(True,)]:
        assert time.monotonic() < deadline, "the log does not catch up"
        await asyncio.sleep(0.05)
    for phone in phones.values():
        await phone.sync()
