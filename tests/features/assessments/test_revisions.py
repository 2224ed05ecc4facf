"""A test is corrected while learners sit in it: each is marked by the paper they saw."""

from uuid import UUID

import pytest
from sqlalchemy import text

from server.assessments.jobs import retire_forgotten
from server.assessments.payloads import GradeAttempt
from tests.features.assessments.conftest import TestSchool, items_of

pytestmark = pytest.mark.slow  # Each starts an API of its own.

FIRST = "::a::Is it so? {T}"
SECOND = "::a::Is it so? {F}\n\n::b::Who? {=Newton}"


async def retired(world: TestSchool) -> dict[int, bool]:
    rows = await world.school.rows("select distinct revision, retired_at is not null as retired from assessments_items")
    return {row["revision"]: row["retired"] for row in rows}


async def regrade(world: TestSchool, attempt: str) -> None:
    async with world.school.as_() as tx:
        tx.later(GradeAttempt(attempt_id=UUID(attempt)))
    await world.school.run_jobs()


async def test_an_attempt_is_marked_by_the_revision_that_it_saw(world: TestSchool) -> None:
    assessment = await world.put_test(FIRST)
    async with world.phone("Amina") as phone:
        await phone.sync()
        truth = items_of(phone)["truth"]["id"]
        attempt = await world.begin(phone, assessment)
        await phone.sync()
        await world.put_test(SECOND)
        await world.school.run_jobs()
        assert await retired(world) == {1: False, 2: False}  # The open attempt pins the first.

        world.answer(phone, attempt, truth, value=True)
        world.submit(phone, attempt)
        await phone.sync()
        row = await world.marked(phone, attempt)

    assert (row["revision"], row["score_ppm"]) == (1, 1_000_000)
    assert await retired(world) == {1: True, 2: False}


async def test_an_attempt_begun_offline_on_an_old_revision_brings_its_items_back(world: TestSchool) -> None:
    assessment = await world.put_test(FIRST)
    async with world.phone("Amina") as phone:
        await phone.sync()
        truth = items_of(phone)["truth"]["id"]
        await world.put_test(SECOND)
        await world.school.run_jobs()
        assert await retired(world) == {1: True, 2: False}

        attempt = await world.begin(phone, assessment)
        world.answer(phone, attempt, truth, value=True)
        await phone.sync()
        assert await retired(world) == {1: False, 2: False}

        world.submit(phone, attempt)
        await phone.sync()
        row = await world.marked(phone, attempt)

    assert row["score_ppm"] == 1_000_000
    assert await retired(world) == {1: True, 2: False}


async def test_an_item_of_another_revision_is_not_of_the_paper(world: TestSchool) -> None:
    assessment = await world.put_test(FIRST)
    async with world.phone("Amina") as phone:
        await world.put_test(SECOND)
        await phone.sync()
        newer = next(row for row in phone.all("assessments.items").values() if row["revision"] == 2)
        attempt = await world.begin(phone, assessment, revision=1)
        answered = world.answer(phone, attempt, newer["id"], value=True)
        await phone.sync()

        assert phone.outcome(answered) == "answer.item_unknown"


async def test_marking_again_with_the_same_key_notes_nothing_and_tells_nobody(world: TestSchool) -> None:
    assessment = await world.put_test(FIRST)
    async with world.phone("Amina") as phone:
        attempt = await world.begin(phone, assessment)
        world.submit(phone, attempt)
        await phone.sync()
        await world.marked(phone, attempt)

    await regrade(world, attempt)

    assert await world.school.value("select count(*) from assessments_gradings") == 1
    assert await world.school.told("amina") == ["attempt.graded"]


async def test_marking_again_with_a_corrected_key_is_a_second_grading_and_the_first_is_kept(world: TestSchool) -> None:
    assessment = await world.put_test(FIRST)
    async with world.phone("Amina") as phone:
        attempt = await world.begin(phone, assessment)
        await phone.sync()
        truth = items_of(phone)["truth"]["id"]
        world.answer(phone, attempt, truth, value=False)
        world.submit(phone, attempt)
        await phone.sync()
        assert (await world.marked(phone, attempt))["score_ppm"] == 0
    async with world.school.as_() as tx:
        await tx.db.execute(text("update assessments_item_keys set key = replace(key, 'true,', 'false,')"))

    await regrade(world, attempt)

    gradings = await world.school.rows("select number, score_ppm from assessments_gradings order by number")
    assert gradings == [{"number": 1, "score_ppm": 0}, {"number": 2, "score_ppm": 1_000_000}]
    assert await world.school.value("select score_ppm from assessments_attempts") == 1_000_000
    assert await world.school.told("amina") == ["attempt.graded", "attempt.graded"]


async def test_an_attempt_that_nobody_finished_pins_its_items_for_a_season_only(world: TestSchool) -> None:
    assessment = await world.put_test(FIRST)
    async with world.phone("Amina") as phone:
        await world.begin(phone, assessment)
        await phone.sync()
    await world.put_test(SECOND)
    await world.school.run_jobs()
    assert await retired(world) == {1: False, 2: False}

    async with world.school.as_() as tx:
        await tx.db.execute(text("update assessments_attempts set received_at = received_at - interval '91 days'"))
    async with world.school.as_() as tx:
        await retire_forgotten(tx)
    await world.school.run_jobs()

    assert await retired(world) == {1: True, 2: False}
