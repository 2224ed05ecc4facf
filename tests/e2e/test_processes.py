"""Q rules on the whole product: several API processes and workers behind one address, and a standby that serves pages.

Method: six protocol phones of two people work without a pause; one part after the other is replaced, killed, frozen or
emptied under them; then everything they were told is counted against the database, by identity. Half of what they do
shows a doubled effect: a note that is put under a question twice stands there twice.
"""

import asyncio
import re
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
import redis

from server.base.ids import new_id
from tests.e2e.test_kills import ids, phone_of, take_a_test, until_calm
from tests.e2e.test_two_people_one_phone import account
from tests.support.fleet import BusyPhone, at_work, until_exchanged
from tests.support.installation import Installation, installed
from tests.support.phone import Phone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PEOPLE = ("Amina", "Brian")
MENTOR = "Madina"
GRADED_S = 180
OURS = ("api", "api-2", "api-3", "api-4", "worker", "worker-2")


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, laid_installation: Path) -> Iterator[Installation]:
    folder, more = tmp_path_factory.mktemp("processes"), {"SPARK_API_PROCESSES": "4", "SPARK_WORKERS": "2"}
    with installed(folder, laid=laid_installation, **more, SPARK_REPLICA="1") as running:
        yield running


@pytest.fixture
async def phones(installation: Installation) -> AsyncIterator[list[BusyPhone]]:
    """Each person's phones have a lesson each, and a question that was answered."""
    lessons = ids(installation, "select id from catalog_lessons where deleted_at is null order by id limit 3")
    made: list[BusyPhone] = []
    async with AsyncExitStack() as stack:
        for name in PEOPLE:
            bearer, user_id = await sign_in(installation, name)
            for lesson_id in lessons:
                client = httpx.AsyncClient(base_url=installation.url, timeout=60, headers=bearer)
                phone = Phone(await stack.enter_async_context(client))
                made.append(BusyPhone(phone, user_id, lesson_id, await ask(installation, phone)))
                made[-1].seconds = seconds_kept(installation, made[-1])[0]
        await answer(installation, made)
        yield made


async def ask(installation: Installation, phone: Phone) -> str:
    [subject_id] = ids(installation, "select id from catalog_subjects where slug = 'physics'")
    question_id = str(new_id())
    args = {"id": question_id, "subject_id": subject_id, "title": "Is it so?", "body": "0.", "visibility": "private"}
    phone.command("questions.question.ask", args)
    await until_calm(phone)
    return question_id


async def answer(installation: Installation, phones: list[BusyPhone]) -> None:
    async with phone_of(installation, MENTOR) as mentor:
        for phone in phones:
            args = {"id": str(new_id()), "question_id": phone.question_id, "body": "It is."}
            mentor.command("questions.answer.post", args)
        await until_calm(mentor)
        assert {mentor.outcome(n) for n in mentor.receipts} == {"applied"}


async def sign_in(installation: Installation, name: str) -> tuple[dict[str, str], str]:
    email, password = account(installation, name)
    async with httpx.AsyncClient(base_url=installation.url, timeout=60) as stranger:
        answer = await stranger.post("/api/v1/auth/login", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    [user_id] = ids(installation, f"select id from identity_users where email = '{email}'")
    return {"authorization": f"Bearer {answer.json()['data']['access_token']}"}, user_id


def seconds_kept(installation: Installation, phone: BusyPhone) -> tuple[int, int]:
    """What the database holds: the seconds, and how many effects made them."""
    found = installation.psql(f"select seconds, version from catalog_progress where id = '{phone.progress_id}'")
    return (int(str(found[0][0])), int(str(found[0][1]))) if found else (0, 0)


def notes_kept(installation: Installation, phone: BusyPhone) -> list[int]:
    [body] = ids(installation, f"select body from questions_questions where id = '{phone.question_id}'")
    return [int(note) for note in re.findall(r": (\d+)\.", body)]


async def test_Q1_Q2_nothing_is_lost_or_doubled_whatever_is_replaced_killed_or_frozen(
    installation: Installation, phones: list[BusyPhone]
) -> None:
    attempts: list[str] = []
    async with at_work(phones):
        await until_exchanged(phones, 1)
        await asyncio.to_thread(reload_all, installation)
        hung = installation.kill("api-4", signal.SIGSTOP)
        for fault in (kill_an_api_and_a_worker, freeze_and_flush_valkey, kill_s3, kill_postgres):
            attempts.append(take_a_test(installation, phones[0].phone))
            await asyncio.to_thread(fault, installation)
            await until_exchanged(phones, 1)
        await asyncio.to_thread(installation.wait_for_another, "api-4", hung)

    assert [wrong for phone in phones for wrong in phone.wrong] == []
    assert_told_is_true(installation, phones)
    await until_graded_once(installation, attempts)


# --- what happens under them ------------------------------------------------------------------------------------------


def reload_all(installation: Installation) -> None:
    before = {name: installation.pid(name) for name in OURS}

    assert installation.spark("reload") == "reloaded"

    assert not {name for name, pid in before.items() if installation.pid(name) == pid}


def kill_an_api_and_a_worker(installation: Installation) -> None:
    killed = {name: installation.kill(name) for name in ("api", "worker-2")}
    for name, pid in killed.items():
        installation.wait_for_another(name, pid)


def freeze_and_flush_valkey(installation: Installation) -> None:
    with redis.Redis.from_url(installation.servers["SPARK_REDIS_URL"]) as client:
        client.flushall()
    installation.kill("valkey", signal.SIGSTOP)
    time.sleep(1)  # The time of its absence; nothing is waited for.
    installation.kill("valkey", signal.SIGCONT)


def kill_s3(installation: Installation) -> None:
    installation.wait_for_another("s3", installation.kill("s3"))


def kill_postgres(installation: Installation) -> None:
    installation.wait_for_another("postgres", installation.kill("postgres"))


# --- what they were told ----------------------------------------------------------------------------------------------


def assert_told_is_true(installation: Installation, phones: list[BusyPhone]) -> None:
    """Every wish was told to have taken effect, did so, and used its number once; nothing else did anything.

    Seconds are raised by one each, and those of one request make one version together. Notes stand under the question
    as often as they were taken, and in their order.
    """
    told = Counter(phone.phone.outcome(n) for phone in phones for n in phone.ops)
    devices = ",".join(f"'{phone.phone.device}'" for phone in phones)
    used = installation.psql(f"select id, watermark from sync_device where id in ({devices})")

    receipts = installation.psql(
        f"select device_id, count(*) from sync_receipt where device_id in ({devices}) group by 1"
    )

    assert set(told) <= {"applied", "merged", "duplicate"}, told
    assert {str(id_): n for id_, n in used} == {phone.phone.device: phone.phone.n for phone in phones}
    assert dict(receipts) == dict(used)
    for phone in phones:
        seconds, versions = seconds_kept(installation, phone)
        assert seconds == phone.seconds, phone.outcomes
        assert versions <= seconds
        assert notes_kept(installation, phone) == list(range(1, phone.notes + 1)), phone.outcomes


async def until_graded_once(installation: Installation, attempts: list[str]) -> None:
    names = ",".join(f"'{id_}'" for id_ in attempts)
    told = f"select reference_id from notifications_notifications where reference_id in ({names})"
    deadline = time.monotonic() + GRADED_S
    while len(set(ids(installation, told))) < len(attempts):
        assert time.monotonic() < deadline, "an attempt is never graded"
        await asyncio.sleep(0.2)
    assert sorted(ids(installation, told)) == sorted(attempts)
