"""A school with a course and a practice test of six kinds of questions, reached over HTTP as phones do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from server.assessments.imports import import_gift
from server.base.ids import derived_id, new_id
from tests.features.school import School, database_url, online, school, school_template
from tests.support.api import Api
from tests.support.phone import Phone

# Every right answer, explanation and feedback carries a word that no learner may read before handing in.
GIFT = """
::Choice::Which is right? {=Secretly this #Hushfeed one ~Not this ~Nor this ####Hushword one \\(Hush^2\\).}

::Ticks::Which two? {~%50%Alpha ~%50%Beta ~Gamma \\(x^2\\) ####Hushword two.}

::Truth::Is it so? {T#Hushfeed no#Hushfeed yes}

::Number::How much? {#4321.5:0.25}

::Word::Who? {=Hushnewton =%50%Hushhooke}

::Pairs::Match. {=one -> eins =two -> zwei =three -> drei}
"""
NAMES = {
    "Which is right?": "choice",
    "Which two?": "ticks",
    "Is it so?": "truth",
    "How much?": "number",
    "Who?": "word",
}
KEY_WORDS = ("Hush", "4321", "weights", "feedback", "is_true", "pairs", "accepted", "explanation")


__all__ = ["database_url", "online", "school", "school_template"]


@dataclass
class TestSchool:
    __test__ = False

    school: School
    api: Api
    course_id: UUID

    async def put_test(self, text: str = GIFT, *, title: str = "Practice", publish: bool = True) -> UUID:
        async with self.school.as_() as tx:
            owner = self.school.people["otieno"].id
            await import_gift(
                tx, text=text, course_slug="motion", owner_id=owner, practice_title=title, publish=publish
            )
        await self.school.published()
        found: UUID = await self.school.value(
            "select id from assessments_assessments where title = :title", title=title
        )
        return found

    @asynccontextmanager
    async def phone(self, name: str) -> AsyncIterator[Phone]:
        async with self.api.signed_in(name) as client:
            yield Phone(client, want=[f"course:{self.course_id}"])

    async def begin(self, phone: Phone, assessment_id: UUID, *, revision: int = 1, id_: UUID | None = None) -> str:
        """Queue a new attempt, as a phone without a network does; its id."""
        attempt_id = str(id_ or new_id())
        fields = {"assessment_id": str(assessment_id), "revision": revision, "started_at": now()}
        phone.create("assessments.attempts", attempt_id, fields)
        return attempt_id

    def answer(self, phone: Phone, attempt_id: str, item_id: str, value: Any) -> int:
        id_ = derived_id("assessments.answers", attempt_id, item_id)
        fields = {"attempt_id": attempt_id, "item_id": item_id, "value": value}
        return phone.create("assessments.answers", id_, fields, op=str(new_id()))

    def submit(self, phone: Phone, attempt_id: str) -> int:
        return phone.command("assessments.attempt.submit", {"attempt_id": attempt_id})

    async def marked(self, phone: Phone, attempt_id: str) -> dict[str, Any]:
        """Run the worker, and bring the mark to the phone."""
        await self.school.run_jobs()
        await self.school.published()
        await phone.sync()
        row: dict[str, Any] = phone.all("assessments.attempts")[attempt_id]
        assert row["state"] == "graded"
        return row


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def items_of(phone: Phone) -> dict[str, dict[str, Any]]:
    """The paper as the phone holds it: title word of the prompt → item."""
    return {NAMES.get(row["prompt"], "pairs"): row for row in phone.all("assessments.items").values()}


def option(item: dict[str, Any], text: str) -> str:
    ids: list[str] = [option["id"] for option in item["options"] if option["text"] == text]
    return ids[0]


def right_answers(phone: Phone) -> dict[str, Any]:
    """What one answers who knows everything: item id → value."""
    items = items_of(phone)
    pairs = {"one": "eins", "two": "zwei", "three": "drei"}
    return {
        items["choice"]["id"]: option(items["choice"], "Secretly this"),
        items["ticks"]["id"]: [option(items["ticks"], "Beta"), option(items["ticks"], "Alpha")],
        items["truth"]["id"]: True,
        items["number"]["id"]: "4321,4",
        items["word"]["id"]: "  hushNEWTON",
        items["pairs"]["id"]: {
            option(items["pairs"], left): option(items["pairs"], right) for left, right in pairs.items()
        },
    }


@pytest.fixture
async def world(api: Api, online: School) -> TestSchool:
    return TestSchool(online, api, await online.add_course("motion", owner="otieno"))
