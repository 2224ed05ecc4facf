"""Answered questions for the demo school."""

from uuid import UUID

from sqlalchemy import text

from server.base.ids import derived_id
from server.base.tx import Tx
from server.identity.queries import name_of
from server.questions.models import Answer, Question

THREADS = (
    (
        "Why does a feather fall more slowly than a coin?",
        "In the lesson it says that everything falls equally fast. But when I try it at home the coin wins every time.",
        (
            "Both are pulled equally; the air is what differs. A feather is light for its size, so the air that it must"
            " push aside slows it down much more. On the Moon, where there is no air, an astronaut let a hammer and a"
            " feather fall: they landed together."
        ),
    ),
    (
        "Speed or velocity: which one do I write?",
        "The exercise asks for the velocity of a bus that goes 60 km/h. Is “60 km/h” wrong?",
        (
            "“60 km/h” is its speed: how fast. Velocity also says which way: “60 km/h to the north”. If the exercise"
            " gives a direction, write it; if it gives none, say which way you call positive."
        ),
    ),
)


async def lay_questions(tx: Tx, *, asker_id: UUID, mentor_id: UUID) -> None:
    """Lay a few public questions with accepted answers in the first subject; a second call changes nothing."""
    statement = text(
        "select id from catalog_subjects where deleted_at is null order by slug = 'physics' desc, name limit 1"
    )
    subject_id = (await tx.db.execute(statement)).scalar_one_or_none()
    if subject_id is None:
        return
    asker, mentor = await name_of(tx, asker_id), await name_of(tx, mentor_id)
    for title, body, reply in THREADS:
        question_id = derived_id("questions.demo", subject_id, title)
        if await tx.db.get(Question, question_id) is not None:
            continue
        shared = {"subject_id": subject_id, "visibility": "public"}
        tx.db.add(
            Question(
                id=question_id,
                author_id=asker_id,
                author_name=asker,
                title=title,
                body=body,
                state="closed",
                answers_count=1,
                asked_at=tx.now,
                closed_at=tx.now,
                closed_by_id=asker_id,
                **shared,
            )
        )
        await tx.db.flush()  # The answer refers to it.
        tx.db.add(
            Answer(
                id=derived_id("questions.demo", question_id, "answer"),
                question_id=question_id,
                asker_id=asker_id,
                author_id=mentor_id,
                author_name=mentor,
                body=reply,
                is_accepted=True,
                posted_at=tx.now,
                **shared,
            )
        )
