"""Tests that come inside a course's file: the catalogue has no questions, so somebody above reads and keeps them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from server.base.import_report import Reason, ReportItem, report_item
from server.base.tx import Tx
from server.catalog.cartridge import PlannedQuiz
from server.catalog.models import Course


@dataclass(frozen=True)
class ReadTests:
    """What became of quizzes: those that can be kept by their item, and what is said of each."""

    titles: Mapping[str, str] = field(default_factory=dict)
    items: Sequence[ReportItem] = ()
    questions: int = 0
    files: int = 0  # Pictures in them.


Beside = Callable[[PlannedQuiz, str], bytes | None]
"""What a quiz's `src` names in the file that the quiz came in; None where there is nothing."""

NO_FILES: Mapping[UUID, UUID] = {}


def nothing_beside(_quiz: PlannedQuiz, _src: str) -> bytes | None:
    """For quizzes that bring their pictures otherwise."""
    return None


class Tests(Protocol):
    """Who keeps tests."""

    async def read(self, quizzes: Sequence[PlannedQuiz], beside: Beside = nothing_beside) -> ReadTests:
        """No row is written."""
        ...

    async def put(
        self,
        tx: Tx,
        course: Course,
        item: str,
        *,
        test_id: UUID,
        lesson_id: UUID | None,
        files: Mapping[UUID, UUID] = NO_FILES,
    ) -> None:
        """One of those that were read, in the course's own transaction, as a draft: it opens with its course.

        `files`: what pictures are called in the file, and in the course.
        """
        ...

    async def put_rest(self, tx: Tx, course: Course) -> None:
        """What is kept beside tests, when all of them are put."""
        ...


class NoTests:
    """Nobody is there who keeps tests: each quiz is said to be left out."""

    async def read(self, quizzes: Sequence[PlannedQuiz], beside: Beside = nothing_beside) -> ReadTests:  # noqa: ARG002
        why = Reason("quiz.unsupported", "Quizzes are not taken here.")
        return ReadTests(
            items=[
                report_item(quiz.item, title=quiz.title, kind="quiz", state="skipped", reasons=[why])
                for quiz in quizzes
            ]
        )

    async def put(
        self,
        tx: Tx,
        course: Course,
        item: str,
        *,
        test_id: UUID,
        lesson_id: UUID | None,
        files: Mapping[UUID, UUID] = NO_FILES,
    ) -> None:
        """Nothing was read."""

    async def put_rest(self, tx: Tx, course: Course) -> None:
        """Nothing was read."""
