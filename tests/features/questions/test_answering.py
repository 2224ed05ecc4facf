"""Mentors answer; the asker says what helped; what comes late is kept."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import text

from server.base.errors import AppError
from server.base.ids import new_id
from server.questions.mutators import (
    accept_answer,
    ask_question,
    close_question,
    edit_question,
    post_answer,
    reopen_question,
    withdraw_question,
)
from tests.features.school import CHEMISTRY, PHYSICS, School


@pytest.fixture
async def question(school: School) -> UUID:
    """Amina's."""
    id_ = new_id()
    await school.run(
        "amina",
        ask_question,
        id=id_,
        subject_id=PHYSICS,
        title="Why?",
        body="Why is the sky blue?",
        visibility="public",
    )
    await school.run_jobs()
    return id_


async def answer(school: School, question: UUID, name: str = "madina") -> UUID:
    id_ = new_id()
    await school.run(name, post_answer, id=id_, question_id=question, body="Air scatters blue light.")
    return id_


async def state(school: School) -> tuple[str, int]:
    [row] = await school.rows("select state, answers_count from questions_questions")
    return row["state"], row["answers_count"]


async def test_the_first_answer_makes_it_answered_and_tells_the_asker(school: School, question: UUID) -> None:
    await answer(school, question)
    await school.run_jobs()

    assert await state(school) == ("answered", 1)
    assert await school.told("amina") == ["question.answered"]
    [row] = await school.rows("select author_name, subject_id, asker_id, visibility, late_at from questions_answers")
    assert row == {
        "author_name": "Madina Y.",
        "subject_id": PHYSICS,
        "asker_id": school.people["amina"].id,
        "visibility": "public",
        "late_at": None,
    }


@pytest.mark.parametrize("name", ["brian", "otieno", "chen", "nodir"])
async def test_only_verified_mentors_of_the_subject_and_admins_answer(
    school: School, question: UUID, name: str
) -> None:
    await school.add("Chen Li", "mentor", subject_ids=(CHEMISTRY,))
    await school.add("Nodir New", "mentor", is_verified=False)

    with pytest.raises(AppError) as refused:
        await answer(school, question, name)

    assert refused.value.code == "access.forbidden"


async def test_an_admin_answers_in_every_subject(school: School, question: UUID) -> None:
    await answer(school, question, "siti")

    assert await state(school) == ("answered", 1)


async def test_two_mentors_answer_at_once_and_both_count(school: School, question: UUID) -> None:
    await asyncio.gather(answer(school, question, "madina"), answer(school, question, "marat"))

    assert await state(school) == ("answered", 2)


async def test_accepting_closes_the_question_and_tells_the_mentor(school: School, question: UUID) -> None:
    helpful = await answer(school, question)

    await school.run("amina", accept_answer, answer_id=helpful)
    await school.run("amina", accept_answer, answer_id=helpful)
    await school.run_jobs()

    assert await state(school) == ("closed", 1)
    assert await school.told("madina") == ["question.asked", "answer.accepted"]


async def test_one_answer_at_most_is_accepted_and_a_later_choice_stands(school: School, question: UUID) -> None:
    first, second = await answer(school, question, "madina"), await answer(school, question, "marat")

    await school.run("amina", accept_answer, answer_id=first)
    await school.run("siti", accept_answer, answer_id=second)

    accepted = await school.rows("select id from questions_answers where is_accepted")
    assert accepted == [{"id": second}]


@pytest.mark.parametrize("name", ["brian", "madina"])
async def test_only_who_asked_says_what_helped(school: School, question: UUID, name: str) -> None:
    helpful = await answer(school, question)

    with pytest.raises(AppError) as refused:
        await school.run(name, accept_answer, answer_id=helpful)

    assert refused.value.code == "access.forbidden"


async def test_an_answer_to_a_meanwhile_closed_question_is_kept_and_marked_late(school: School, question: UUID) -> None:
    await school.run("amina", close_question, question_id=question)

    await answer(school, question)
    await school.run_jobs()

    assert await state(school) == ("closed", 1)
    assert await school.value("select late_at is not null from questions_answers")
    assert await school.told("amina") == ["question.answered"]


async def test_the_asker_opens_it_again_within_a_week(school: School, question: UUID) -> None:
    await answer(school, question)
    await school.run("madina", close_question, question_id=question)

    await school.run("amina", reopen_question, question_id=question)

    assert await state(school) == ("answered", 1)
    with pytest.raises(AppError) as refused:
        await school.run("brian", reopen_question, question_id=question)
    assert refused.value.code == "access.forbidden"


async def test_after_a_week_it_stays_closed(school: School, question: UUID) -> None:
    await school.run("amina", close_question, question_id=question)
    async with school.as_() as tx:
        await tx.db.execute(text("update questions_questions set closed_at = closed_at - interval '8 days'"))

    with pytest.raises(AppError) as refused:
        await school.run("amina", reopen_question, question_id=question)

    assert refused.value.code == "questions.closed"


async def test_a_change_to_an_answered_question_is_a_note_under_it(school: School, question: UUID) -> None:
    await answer(school, question)

    await school.run("amina", edit_question, question_id=question, title="Other", body="I mean at noon.")

    [row] = await school.rows("select title, body from questions_questions")
    assert row["title"] == "Why?"
    assert row["body"].startswith("Why is the sky blue?\n\n")
    assert row["body"].endswith(": I mean at noon.")


async def test_an_answered_question_that_is_withdrawn_is_closed_and_shown_to_nobody_else(
    school: School, question: UUID
) -> None:
    await answer(school, question)

    await school.run("amina", withdraw_question, question_id=question)

    [row] = await school.rows(
        "select q.state, q.withdrawn_at is not null as withdrawn, a.withheld_at is not null as withheld"
        " from questions_questions q join questions_answers a on a.question_id = q.id"
    )
    assert row == {"state": "closed", "withdrawn": True, "withheld": True}


async def test_a_private_question_is_not_there_for_a_stranger(school: School) -> None:
    id_ = new_id()
    await school.run("amina", ask_question, id=id_, subject_id=PHYSICS, title="Why?", body="Why?", visibility="private")
    await school.add("Chen Li", "mentor", subject_ids=(CHEMISTRY,))

    with pytest.raises(AppError) as refused:
        await answer(school, id_, "chen")

    assert refused.value.code == "record.not_found"
