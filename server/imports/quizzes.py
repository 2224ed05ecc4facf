"""Quizzes that come inside a cartridge: read as questions, kept as tests beside the lessons they stand with."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from uuid import UUID

from server.assessments.authoring import Placing, put_assessment
from server.assessments.imports import TITLE_LENGTH_MAX, bank_drafts, clean_title, gradable, kind_of_entry
from server.assessments.interchange import Entry, Question, QuestionDocument, read_questions
from server.assessments.keeping import Kept, keep_pictures, with_files, with_ids
from server.assessments.open_questions import keep_open_questions
from server.base.errors import AppError
from server.base.import_report import Reason, ReportItem, report_item
from server.base.storage import Storage
from server.base.tx import Tx
from server.catalog.cartridge import PlannedQuiz
from server.catalog.models import Course
from server.catalog.tests_inside import NO_FILES, Beside, ReadTests, nothing_beside

QUESTIONS_MAX = 20_000
UNNAMED = "Quiz"


class QuizTaker:
    """Keeps what it has read until it is put."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage  # One that keeps nothing, in a dry run.
        self._kept: dict[str, Kept] = {}
        self._titles: dict[str, str] = {}
        self._quizzes: dict[str, PlannedQuiz] = {}
        self._seen: Counter[str] = Counter()
        self._open: dict[str, tuple[Question, ...]] = {}

    async def read(self, quizzes: Sequence[PlannedQuiz], beside: Beside = nothing_beside) -> ReadTests:
        """A quiz of which nothing can be taken is left out, and said."""
        items: list[ReportItem] = []
        questions = 0
        for quiz in quizzes:
            if questions >= QUESTIONS_MAX:
                why = Reason("quiz.too_many", f"The file holds more than {QUESTIONS_MAX} questions; make two of it.")
                items.append(_told(quiz, "failed", why))
                continue
            try:
                document = await asyncio.to_thread(
                    read_questions, quiz.format, quiz.content, files=partial(beside, quiz)
                )
            except AppError as refusal:
                items.append(_told(quiz, "failed", Reason(refusal.code, refusal.message)))
                continue
            kept = await keep_pictures(self._storage, gradable(document))
            items += self._take(quiz, kept)
            questions += len(kept.document.questions)
        files = len({image.sha256 for kept in self._kept.values() for image in kept.images.values()})
        return ReadTests(titles=dict(self._titles), items=items, questions=questions, files=files)

    def _take(self, quiz: PlannedQuiz, kept: Kept) -> list[ReportItem]:
        document = kept.document
        entries = [_entry_told(quiz, entry) for entry in document.entries]
        if document.for_people:
            self._open[quiz.item] = document.for_people
        if not document.questions:
            why = Reason("quiz.empty", "The quiz holds no question that a test can ask.")
            return [_told(quiz, "skipped", why), *entries]
        title = self._free_title(quiz.title or document.title or UNNAMED)
        self._kept[quiz.item], self._titles[quiz.item], self._quizzes[quiz.item] = kept, title, quiz
        is_whole = all(entry.state == "ok" for entry in entries)
        lost = sum(entry.outcome in ("skipped", "failed") for entry in document.entries)
        aside, count = len(document.for_people), len(entries)
        said = [
            f"{lost} of its {count} questions were left out." if lost else "",
            f"{aside} of its {count} questions are kept for people to mark, and not asked." if aside else "",
        ]
        words = " ".join(one for one in said if one) or "Some questions lost something."
        return [_told(quiz, "ok") if is_whole else _told(quiz, "partial", Reason("quiz.partial", words)), *entries]

    def _free_title(self, wanted: str) -> str:
        """No two tests of a course share a title."""
        title = clean_title(wanted[:TITLE_LENGTH_MAX] if wanted.strip() else UNNAMED)
        while True:
            self._seen[title] += 1
            if self._seen[title] == 1:
                return title
            title = f"{title[: TITLE_LENGTH_MAX - 8]} ({self._seen[title]})"

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
        title, quiz = self._titles[item], self._quizzes[item]
        document = await self._document(tx, course, item, files)
        placing = Placing(
            course_id=course.id,
            owner_id=course.created_by_id,
            title=title,
            language=course.language,
            kind=quiz.kind,
            id=test_id,
            lesson_id=lesson_id,
            pass_ppm=quiz.pass_ppm,
            attempts_max=quiz.attempts_max or document.attempts_max,
            duration_s=quiz.duration_s or document.duration_s,
        )
        drafts = bank_drafts(document, course_id=course.id, title=title)
        await put_assessment(tx, placing, drafts, publish=False)

    async def put_rest(self, tx: Tx, course: Course) -> None:
        whose = {"course_id": course.id, "owner_id": course.created_by_id}
        for item, questions in self._open.items():
            await keep_open_questions(tx, questions, **whose, language=course.language, of=item)

    async def _document(self, tx: Tx, course: Course, item: str, files: Mapping[UUID, UUID]) -> QuestionDocument:
        """With the ids of this course's files in its marks."""
        kept = self._kept[item]
        if self._quizzes[item].format == "spark":
            return with_ids(kept.document, files)
        terms = {"licence": course.licence or "", "attribution": course.attribution or ""}
        return await with_files(tx, kept, owner_id=course.created_by_id, **terms)


def _told(quiz: PlannedQuiz, state: str, why: Reason | None = None) -> ReportItem:
    reasons = [] if why is None else [why]
    return report_item(quiz.item, title=quiz.title, kind="quiz", state=state, reasons=reasons)  # type: ignore[arg-type]


def _entry_told(quiz: PlannedQuiz, entry: Entry) -> ReportItem:
    reasons = [] if entry.reason is None else [Reason(f"question.{entry.outcome}", entry.reason)]
    where = f"{quiz.item}: {entry.place}"
    return report_item(where, title=entry.title, kind=kind_of_entry(entry), state=entry.outcome, reasons=reasons)
