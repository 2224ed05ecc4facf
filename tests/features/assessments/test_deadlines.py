"""A test with a time limit: what was written in time counts, whenever it reaches us."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from server.assessments.jobs import close_overdue
from server.base.ids import derived_id, new_id
from tests.features.assessments.conftest import TestSchool, items_of
from tests.support.phone import Phone

pytestmark = pytest.mark.slow  # Each starts an API of its own.

BOTH = "::a::Is it so? {T}\n\n::b::Who? {=Newton}"


def stamp(instant: datetime) -> list[int]:
    return [int(instant.timestamp() * 1000), 0]


async def limit(world: TestSchool, **columns: Any) -> None:
    async with world.school.as_() as tx:
        for name, value in columns.items():
            await tx.db.execute(text(f"update assessments_assessments set {name} = :value"), {"value": value})


def queue_at(phone: Phone, at: datetime, op: dict[str, Any]) -> int:
    """An op that says it was made at this instant, as a phone does that was offline then."""
    return phone._queue({**op, "at": stamp(at)})


def answer_at(phone: Phone, at: datetime, attempt: str, item: str, value: Any) -> int:
    id_ = str(derived_id("assessments.answers", attempt, item))
    fields = {"attempt_id": attempt, "item_id": item, "value": value}
    return queue_at(
        phone,
        at,
        {"kind": "create", "collection": "assessments.answers", "id": id_, "fields": fields, "op": str(new_id())},
    )


async def test_answers_written_in_time_count_and_later_ones_are_kept_but_do_not(world: TestSchool) -> None:
    assessment = await world.put_test(BOTH)
    await limit(world, duration_s=600, grace_s=60)
    begun = datetime.now(UTC) - timedelta(hours=5)
    async with world.phone("Amina") as phone:
        await phone.sync()
        items = items_of(phone)
        attempt = str(new_id())
        fields = {
            "assessment_id": str(assessment),
            "revision": 1,
            "started_at": begun.isoformat().replace("+00:00", "Z"),
        }
        queue_at(
            phone, begun, {"kind": "create", "collection": "assessments.attempts", "id": attempt, "fields": fields}
        )
        answer_at(phone, begun + timedelta(minutes=9), attempt, items["truth"]["id"], value=True)
        answer_at(phone, begun + timedelta(minutes=10, seconds=50), attempt, items["word"]["id"], "Newton")
        answer_at(phone, begun + timedelta(minutes=30), attempt, items["truth"]["id"], value=False)
        world.submit(phone, attempt)
        await phone.sync()
        row = await world.marked(phone, attempt)

    assert row["score_ppm"] == 1_000_000  # The last change came after the grace and is only kept.
    assert await world.school.value("select count(*) from assessments_answer_history") == 3
    assert await world.school.value("select submitted_at = deadline_at from assessments_attempts")


async def test_a_paper_that_was_never_handed_in_is_taken_a_week_later(world: TestSchool) -> None:
    assessment = await world.put_test(BOTH)
    await limit(world, duration_s=600)
    async with world.phone("Amina") as phone:
        await phone.sync()
        attempt = await world.begin(phone, assessment)
        world.answer(phone, attempt, items_of(phone)["truth"]["id"], value=True)
        await phone.sync()
        async with world.school.as_() as tx:
            await close_overdue(tx)
        assert await world.school.value("select state from assessments_attempts") == "in_progress"

        async with world.school.as_() as tx:
            await tx.db.execute(
                text(
                    "update assessments_attempts set received_at = received_at - interval '8 days',"
                    " deadline_at = deadline_at - interval '7 days 1 hour'"
                )
            )
        async with world.school.as_() as tx:
            await close_overdue(tx)
        row = await world.marked(phone, attempt)

    assert row["state"] == "graded"


async def test_a_test_is_begun_within_its_window_by_the_clock_of_the_phone(world: TestSchool) -> None:
    assessment = await world.put_test(BOTH)
    now = datetime.now(UTC)
    await limit(world, opens_at=now - timedelta(hours=3), closes_at=now - timedelta(hours=1))
    async with world.phone("Amina") as phone:
        for hours in (4, 2, 0):
            begun = now - timedelta(hours=hours)
            fields = {
                "assessment_id": str(assessment),
                "revision": 1,
                "started_at": begun.isoformat().replace("+00:00", "Z"),
            }
            phone.create("assessments.attempts", new_id(), fields)
        await phone.sync()

        assert [phone.outcome(n) for n in (1, 2, 3)] == ["attempt.outside_window", "applied", "attempt.outside_window"]


async def test_an_exam_with_stakes_is_not_begun_without_the_server(world: TestSchool) -> None:
    assessment = await world.put_test(BOTH)
    await limit(world, kind="mock_exam")
    async with world.phone("Amina") as phone:
        await world.begin(phone, assessment)
        await phone.sync()

        assert phone.outcome(1) == "attempt.needs_ticket"
