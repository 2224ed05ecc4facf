"""What writing a format could not say: each question's outcome, as reading reports it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from server.assessments.interchange.document import Entry, Outcome, Question, QuestionDocument
from server.assessments.interchange.reading import Notes, sentence

Piece = TypeVar("Piece")


class Unwritable(Exception):
    """The format has no words for this question."""


@dataclass
class Report:
    """Collects what became of each question; those that were written are in `document.questions`."""

    entries: list[Entry] = field(default_factory=list)

    def take(self, question: Question, write: Callable[[Question, Notes], Piece]) -> Piece | None:
        notes = Notes()
        place = len(self.entries) + 1
        try:
            piece = write(question, notes)
        except Unwritable as reason:
            self.entries.append(Entry(place, question.title, "skipped", sentence(str(reason)), None))
            return None
        losses = "; ".join(dict.fromkeys(notes.losses))
        outcome: Outcome = "partial" if losses else "ok"
        self.entries.append(Entry(place, question.title, outcome, sentence(losses) if losses else None, question))
        return piece

    @property
    def document(self) -> QuestionDocument:
        return QuestionDocument(tuple(self.entries))


def also_lost(
    question: Question,
    notes: Notes,
    *,
    title: bool = False,
    explanation: bool = False,
    tags: bool = False,
    category: bool = True,
    points: bool = False,
    difficulty: bool = True,
) -> None:
    """Note the parts that a format cannot hold, where the question has them."""
    parts = (
        (title and question.title, "the title"),
        (explanation and question.explanation, "the explanation"),
        (tags and question.tags, "the tags"),
        (category and question.category, "the category"),
        (points and question.points != 1, "the points"),
        (difficulty and question.difficulty != "medium", "the difficulty"),
    )
    for is_lost, what in parts:
        if is_lost:
            notes.lose(f"{what} {'were' if what.endswith('s') else 'was'} left out")
