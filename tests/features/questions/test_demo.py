"""The demo school has answered questions to look at."""

from server.questions.demo import THREADS, lay_questions
from tests.features.school import School


async def test_the_demo_questions_are_laid_once_and_answered(school: School) -> None:
    for _ in range(2):
        async with school.as_() as tx:
            people = school.people
            await lay_questions(tx, asker_id=people["amina"].id, mentor_id=people["madina"].id)

    rows = await school.rows(
        "select q.title, q.author_name, q.state, q.answers_count, a.is_accepted, a.author_name as mentor, s.slug"
        " from questions_questions q join questions_answers a on a.question_id = q.id"
        " join catalog_subjects s on s.id = q.subject_id order by q.title desc"
    )
    assert [row["title"] for row in rows] == [title for title, _, _ in THREADS]
    assert {tuple(row.values())[1:] for row in rows} == {("Amina K.", "closed", 1, True, "Madina Y.", "physics")}
