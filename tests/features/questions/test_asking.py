"""Learners ask for help; mentors of the subject hear of it."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from server.base.errors import AppError
from server.base.ids import new_id
from server.questions.mutators import ASKED_A_DAY_MAX, ask_question, edit_question, withdraw_question
from server.questions.payloads import NotifyMentors
from tests.features.school import CHEMISTRY, PHYSICS, School

WORDS: dict[str, Any] = {"title": "Why is the sky blue?", "body": "I asked at home.", "visibility": "public"}


async def ask(school: School, name: str = "amina", **words: Any) -> UUID:
    id_ = new_id()
    await school.run(name, ask_question, **{**WORDS, "id": id_, "subject_id": PHYSICS, **words})
    return id_


async def refusal(asking: Any) -> AppError:
    with pytest.raises(AppError) as refused:
        await asking
    return refused.value


async def test_a_question_shows_the_public_name_and_reaches_the_mentors_of_its_subject(school: School) -> None:
    await school.add("Chen Li", "mentor", subject_ids=(CHEMISTRY,))

    await ask(school)
    await school.run_jobs()

    [row] = await school.rows("select author_name, state, answers_count, title from questions_questions")
    assert row == {"author_name": "Amina K.", "state": "open", "answers_count": 0, "title": "Why is the sky blue?"}
    assert await school.told("madina") == await school.told("marat") == ["question.asked"]
    assert await school.told("chen") == await school.told("amina") == []


async def test_a_mentor_who_asks_is_not_told_of_the_own_question(school: School) -> None:
    await ask(school, "madina")
    await school.run_jobs()

    assert await school.told("madina") == []
    assert await school.told("marat") == ["question.asked"]


async def test_a_job_that_runs_again_tells_nobody_twice(school: School) -> None:
    question = await ask(school)
    await school.run_jobs()
    async with school.as_() as tx:
        tx.later(NotifyMentors(question_id=question))

    await school.run_jobs()

    assert await school.told("madina") == ["question.asked"]


async def test_staff_do_not_ask(school: School) -> None:
    await school.add("Umar Staff", "staff")

    assert (await refusal(ask(school, "umar"))).code == "access.forbidden"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"subject_id": new_id()}, "record.not_found"),
        ({"lesson_id": new_id()}, "record.not_found"),
        ({"title": " \u200b "}, "questions.empty"),
        ({"body": "\u0007\n"}, "questions.empty"),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_its_reason(school: School, words: dict[str, Any], code: str) -> None:
    assert (await refusal(ask(school, **words))).code == code


async def test_the_twenty_first_of_a_day_is_refused_also_when_two_phones_send_at_once(school: School) -> None:
    for _ in range(ASKED_A_DAY_MAX - 1):
        await ask(school)

    outcomes = await asyncio.gather(ask(school), ask(school), return_exceptions=True)

    refused = [outcome for outcome in outcomes if isinstance(outcome, AppError)]
    assert [error.code for error in refused] == ["questions.limit"]
    assert await school.value("select count(*) from questions_questions") == ASKED_A_DAY_MAX


async def test_a_question_of_yesterday_does_not_count_and_a_withdrawn_one_does(school: School) -> None:
    questions = [await ask(school) for _ in range(ASKED_A_DAY_MAX)]
    await school.run("amina", withdraw_question, question_id=questions[0])
    assert (await refusal(ask(school))).code == "questions.limit"

    async with school.as_() as tx:
        await tx.db.execute(text("update questions_questions set asked_at = asked_at - interval '25 hours'"))

    await ask(school)


async def test_an_unanswered_question_is_changed_in_place_by_its_author_alone(school: School) -> None:
    question = await ask(school)

    await school.run("amina", edit_question, question_id=question, title="Why is it blue?", body="The sky.")

    assert await school.rows("select title, body from questions_questions") == [
        {"title": "Why is it blue?", "body": "The sky."}
    ]
    assert (
        await refusal(school.run("brian", edit_question, question_id=question, body="x"))
    ).code == "access.forbidden"


async def test_a_private_question_is_not_there_for_other_learners(school: School) -> None:
    question = await ask(school, visibility="private")

    assert (
        await refusal(school.run("brian", edit_question, question_id=question, body="x"))
    ).code == "record.not_found"


async def test_an_unanswered_question_that_is_withdrawn_is_gone(school: School) -> None:
    question = await ask(school)

    await school.run("amina", withdraw_question, question_id=question)

    assert await school.value("select deleted_at is not null from questions_questions")
    await school.run_jobs()
    assert await school.told("madina") == []
