"""Three reports hide what should not stand there, until somebody has looked."""

from uuid import UUID

import pytest

from server.base.errors import AppError
from server.base.ids import new_id
from server.questions.moderation import report, review_reports
from server.questions.mutators import ask_question, post_answer
from tests.features.school import PHYSICS, School


@pytest.fixture
async def thread(school: School) -> tuple[UUID, UUID]:
    """Amina's question, and Madina's answer."""
    question, answer = new_id(), new_id()
    await school.run(
        "amina", ask_question, id=question, subject_id=PHYSICS, title="Why?", body="Why?", visibility="public"
    )
    await school.run("madina", post_answer, id=answer, question_id=question, body="Because.")
    return question, answer


async def hidden(school: School) -> tuple[bool, bool, bool]:
    [row] = await school.rows(
        "select q.hidden_at is not null as question, a.hidden_at is not null as answer,"
        " a.withheld_at is not null as withheld"
        " from questions_questions q join questions_answers a on a.question_id = q.id"
    )
    return row["question"], row["answer"], row["withheld"]


async def test_the_third_person_hides_a_question_and_withholds_its_answers(
    school: School, thread: tuple[UUID, UUID]
) -> None:
    question, _ = thread
    for name in ("brian", "otieno", "brian", "brian"):
        await school.run(name, report, id=question, reason="Rude.")
    assert await hidden(school) == (False, False, False)

    await school.run("marat", report, id=question, reason="Rude.")

    assert await hidden(school) == (True, False, True)
    assert await school.value("select count(*) from questions_reports where state = 'open'") == 3


async def test_staff_who_look_show_it_again_or_leave_it_hidden(school: School, thread: tuple[UUID, UUID]) -> None:
    _, answer = thread
    for name in ("brian", "otieno", "marat"):
        await school.run(name, report, id=answer, reason="Wrong.")
    assert await hidden(school) == (False, True, False)

    await school.run("siti", review_reports, id=answer, verdict="keep")
    assert await hidden(school) == (False, False, False)

    await school.run("siti", review_reports, id=answer, verdict="remove")
    assert await hidden(school) == (False, True, False)


async def test_learners_do_not_review(school: School, thread: tuple[UUID, UUID]) -> None:
    with pytest.raises(AppError) as refused:
        await school.run("brian", review_reports, id=thread[0], verdict="remove")

    assert refused.value.code == "access.forbidden"


async def test_what_one_cannot_see_one_cannot_report(school: School) -> None:
    question = new_id()
    await school.run(
        "amina", ask_question, id=question, subject_id=PHYSICS, title="Why?", body="Why?", visibility="private"
    )

    for unseen in (question, new_id()):
        with pytest.raises(AppError) as refused:
            await school.run("brian", report, id=unseen, reason="Guessing.")
        assert refused.value.code == "record.not_found"
