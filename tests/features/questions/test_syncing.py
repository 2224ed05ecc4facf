"""Who holds which question: its asker, mentors of the subject, and for a public one who looks at the subject."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID

import pytest

from server.base.ids import new_id
from tests.features.school import CHEMISTRY, PHYSICS, School
from tests.support.api import Api
from tests.support.phone import Phone

pytestmark = pytest.mark.slow  # Each starts an API of its own.

QUESTION_FIELDS = {
    "id",
    "subject_id",
    "author_id",
    "author_name",
    "title",
    "body",
    "visibility",
    "state",
    "answers_count",
    "asked_at",
}
ANSWER_FIELDS = {
    "id",
    "question_id",
    "subject_id",
    "asker_id",
    "visibility",
    "author_id",
    "author_name",
    "body",
    "is_accepted",
    "posted_at",
}


@dataclass
class World:
    school: School
    phones: dict[str, Phone]

    def ask(self, name: str, *, visibility: str, id_: UUID | None = None) -> str:
        question = str(id_ or new_id())
        words = {"title": "Why is the sky blue?", "body": "Karimova asks.", "visibility": visibility}
        self.phones[name].command("questions.question.ask", {"id": question, "subject_id": str(PHYSICS), **words})
        return question

    def reply(self, name: str, question: str) -> str:
        answer = str(new_id())
        self.phones[name].command(
            "questions.answer.post", {"id": answer, "question_id": question, "body": "Air scatters."}
        )
        return answer

    async def settle(self) -> None:
        """Everybody has everything."""
        await self.school.published()
        for phone in self.phones.values():
            await phone.sync()

    def holders(self, collection: str, id_: str) -> set[str]:
        return {name for name, phone in self.phones.items() if id_ in phone.all(collection)}


@pytest.fixture
async def world(api: Api, online: School) -> AsyncIterator[World]:
    await online.add("Chen Li", "mentor", subject_ids=(CHEMISTRY,))
    async with AsyncExitStack() as stack:
        phones = {
            name: Phone(await stack.enter_async_context(api.signed_in(name)))
            for name in ("amina", "brian", "madina", "chen", "siti")
        }
        phones["brian"].want = [f"subject:{PHYSICS}"]
        yield World(online, phones)


async def test_a_private_question_reaches_its_asker_the_mentors_of_its_subject_and_admins(world: World) -> None:
    question = world.ask("amina", visibility="private")
    await world.phones["amina"].sync()
    answer = world.reply("madina", question)
    await world.phones["madina"].sync()
    await world.settle()

    assert world.holders("questions.questions", question) == {"amina", "madina", "siti"}
    assert world.holders("questions.answers", answer) == {"amina", "madina", "siti"}


async def test_a_public_question_also_reaches_who_looks_at_its_subject(world: World) -> None:
    question = world.ask("amina", visibility="public")
    await world.phones["amina"].sync()
    answer = world.reply("madina", question)
    await world.phones["madina"].sync()
    await world.settle()

    assert world.holders("questions.questions", question) == {"amina", "brian", "madina", "siti"}
    assert world.holders("questions.answers", answer) == {"amina", "brian", "madina", "siti"}


async def test_rows_have_the_promised_fields_and_no_full_name(world: World) -> None:
    question = world.ask("amina", visibility="public")
    await world.phones["amina"].sync()
    answer = world.reply("madina", question)
    await world.phones["madina"].sync()
    await world.settle()
    brian = world.phones["brian"]

    asked, answered = brian.all("questions.questions")[question], brian.all("questions.answers")[answer]
    assert set(asked) == QUESTION_FIELDS
    assert set(answered) == ANSWER_FIELDS
    assert (asked["author_name"], answered["author_name"]) == ("Amina K.", "Madina Y.")
    assert b"Yusupova" not in brian.raw
    assert b"Amina Karimova" not in brian.raw


async def test_what_three_people_reported_leaves_the_public_and_stays_with_the_asker(world: World) -> None:
    question = world.ask("amina", visibility="public")
    await world.phones["amina"].sync()
    answer = world.reply("madina", question)
    await world.phones["madina"].sync()
    await world.settle()
    assert "brian" in world.holders("questions.answers", answer)

    for name in ("brian", "chen", "siti"):
        world.phones[name].command("questions.report", {"id": question, "reason": "Rude."})
        await world.phones[name].sync()
    await world.settle()

    assert world.holders("questions.questions", question) == {"amina", "madina", "siti"}
    assert world.holders("questions.answers", answer) == {"amina", "madina", "siti"}


async def test_an_answer_and_its_notification_arrive_and_accepting_comes_back(world: World) -> None:
    question = world.ask("amina", visibility="private")
    await world.phones["amina"].sync()
    await world.settle()
    answer = world.reply("madina", question)
    await world.phones["madina"].sync()
    await world.school.run_jobs()

    await world.settle()
    amina, madina = world.phones["amina"], world.phones["madina"]
    [note] = amina.all("notifications.notifications").values()
    assert (note["kind"], note["reference_id"], note["data"]["name"]) == ("question.answered", question, "Madina Y.")
    amina.command("questions.answer.accept", {"answer_id": answer})
    await amina.sync()
    await world.settle()

    assert madina.all("questions.answers")[answer]["is_accepted"]
    assert madina.all("questions.questions")[question]["state"] == "closed"


async def test_the_same_bytes_twice_ask_once(world: World) -> None:
    question = world.ask("amina", visibility="public")
    body = world.phones["amina"].body()
    for _ in range(3):
        assert (await world.phones["amina"].post(body)).status_code == 200

    assert await world.school.rows("select id from questions_questions") == [{"id": UUID(question)}]


async def test_the_twenty_first_question_is_parked_and_the_rest_is_asked(world: World) -> None:
    for _ in range(21):
        world.ask("amina", visibility="private")
    amina = world.phones["amina"]
    await amina.sync()

    assert [amina.outcome(n) for n in range(1, 22)] == ["applied"] * 20 + ["questions.limit"]
    await world.settle()
    assert [op["code"] for op in amina.all("sync.ops").values()] == ["questions.limit"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"visibility": "secret"}, "args.invalid"),
        ({"title": ""}, "args.invalid"),
        ({"title": "x" * 256}, "args.invalid"),
        ({"body": "x" * 10_001}, "args.invalid"),
        ({"author_name": "Madina"}, "args.invalid"),
        ({"title": "\u200b"}, "questions.empty"),
    ],
)
async def test_what_cannot_be_a_question_is_parked_by_its_reason(
    world: World, change: dict[str, str], code: str
) -> None:
    good = {"id": str(new_id()), "subject_id": str(PHYSICS), "title": "t", "body": "b", "visibility": "public"}
    amina = world.phones["amina"]
    amina.command("questions.question.ask", {**good, **change})
    await amina.sync()

    assert amina.outcome(1) == code
