"""kill −9 of every process in turn, in the middle of the story, loses nothing and doubles nothing."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from server.base.ids import derived_id, new_id
from tests.e2e.test_two_people_one_phone import account
from tests.support.installation import Installation, installed
from tests.support.phone import Phone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

VICTIMS = ("api", "worker", "postgres", "valkey", "s3")
PATIENCE_S = 180


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, laid_installation: Path):
    with installed(tmp_path_factory.mktemp("kills"), laid=laid_installation) as running:
        yield running


@asynccontextmanager
async def phone_of(installation: Installation, name: str) -> AsyncIterator[Phone]:
    email, password = account(installation, name)
    async with httpx.AsyncClient(base_url=installation.url, timeout=60) as client:
        answer = await client.post("/api/v1/auth/login", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        client.headers["authorization"] = f"Bearer {answer.json()['data']['access_token']}"
        yield Phone(client)


async def until_calm(phone: Phone) -> None:
    """Exchange as a phone does: an answer that does not come, or 503, is waited out and asked for again."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            answer = await phone.post(phone.body())
        except httpx.TransportError:
            await asyncio.sleep(0.2)
            continue
        if answer.status_code == 204:
            if not phone.queue:
                return
        elif answer.status_code == 200:
            if not phone.apply(answer.content) and not phone.queue:
                return
        else:
            assert answer.status_code in {500, 502, 503}, answer.text
            assert answer.status_code != 500, answer.text
            await asyncio.sleep(0.2)
    raise AssertionError("the phone never came to rest")


def ids(installation: Installation, statement: str) -> list[str]:
    return [str(row[0]) for row in installation.psql(statement)]


@pytest.mark.parametrize("victim", VICTIMS)
async def test_a_part_killed_in_mid_story_comes_back_and_nothing_is_lost_or_doubled(
    installation: Installation, victim: str
) -> None:
    [subject_id] = ids(installation, "select id from catalog_subjects where slug = 'physics'")
    async with phone_of(installation, "Amina") as phone:
        await until_calm(phone)
        title = f"{victim} dies"
        args = {
            "id": str(new_id()),
            "subject_id": subject_id,
            "title": title,
            "body": "Does it arrive?",
            "visibility": "private",
        }
        n = phone.command("questions.question.ask", args)
        attempt_id = take_a_test(installation, phone)

        sending = asyncio.create_task(until_calm(phone))
        await asyncio.sleep(0.02)
        installation.kill(victim)
        await sending
        await until_graded(installation, phone, attempt_id)

        assert phone.outcome(n) in {"applied", "duplicate"}
        assert len(ids(installation, f"select id from questions_questions where title = '{title}'")) == 1
        graded = "select id from notifications_notifications where reference_id = '" + attempt_id + "'"
        assert len(ids(installation, graded)) == 1


async def test_the_supervisor_killed_is_started_again_and_everything_is_there(installation: Installation) -> None:
    before = ids(installation, "select id from questions_questions order by id")

    installation.kill_supervisor()
    installation.start()

    assert ids(installation, "select id from questions_questions order by id") == before
    async with phone_of(installation, "Amina") as phone:
        await until_calm(phone)
        assert len(phone.all("questions.questions")) >= len(VICTIMS)


def take_a_test(installation: Installation, phone: Phone) -> str:
    """An attempt at the demo course's practice test with one answer, handed in; its id."""
    [assessment] = installation.psql(
        "select id, course_id, revision from assessments_assessments where deleted_at is null order by id limit 1"
    )
    [item] = installation.psql(
        f"select id, options::text from assessments_items where assessment_id = '{assessment[0]}' and kind = 'mcq'"
        " order by rank limit 1"
    )
    attempt_id = str(new_id())
    fields = {"assessment_id": str(assessment[0]), "revision": assessment[2], "started_at": "2026-11-21T08:00:00.000Z"}
    phone.create("assessments.attempts", attempt_id, fields)
    answer_id = derived_id("assessments.answers", attempt_id, item[0])
    option = str(item[1]).split('"id":"')[1].split('"')[0]
    phone.create("assessments.answers", answer_id, {"attempt_id": attempt_id, "item_id": str(item[0]), "value": option})
    phone.command("assessments.attempt.submit", {"attempt_id": attempt_id})
    return attempt_id


async def until_graded(installation: Installation, phone: Phone, attempt_id: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while phone.all("assessments.attempts").get(attempt_id, {}).get("state") != "graded":
        assert time.monotonic() < deadline, phone.all("assessments.attempts").get(attempt_id)
        await asyncio.sleep(0.3)
        await until_calm(phone)


def test_the_data_folder_belongs_to_its_owner_alone(installation: Installation) -> None:
    secrets = list((installation.data / "secrets").iterdir())

    assert secrets
    assert {path.stat().st_mode & 0o777 for path in [*secrets, installation.data / "demo-accounts.json"]} == {0o600}
    assert Path(installation.data).stat().st_mode & 0o077 == 0
