"""The document as JSON, for a course's own file: every question whole, nothing lost."""

from functools import partial

import msgspec

from server.assessments.interchange.checking import checked
from server.assessments.interchange.document import (
    CATEGORY_LENGTH_MAX,
    POINTS_MAX,
    PROMPT_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    Question,
    QuestionDocument,
)
from server.assessments.interchange.reading import Fault, Notes, entry_of
from server.assessments.interchange.refusals import NotThisFormat, check_count, check_size

FORMAT = "spark-questions/1"


class _File(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    questions: list[msgspec.Raw]
    title: str | None = None


class _Written(msgspec.Struct):
    format: str
    title: str | None
    questions: list[Question]


def write_stored(document: QuestionDocument) -> bytes:
    """The same document gives the same bytes."""
    return msgspec.json.format(
        msgspec.json.encode(_Written(FORMAT, document.title, list(document.questions))), indent=1
    )


def read_stored(content: bytes) -> QuestionDocument:
    """Raises: TooManyQuestions, NotThisFormat."""
    check_size(content)
    try:
        file = msgspec.json.decode(content, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NotThisFormat(f"The file is not a list of questions of ours: {str(error)[:150]}.") from None
    if file.format != FORMAT:
        raise NotThisFormat(f"The file says that it is “{file.format[:40]}”, not {FORMAT}.")
    check_count(len(file.questions))
    entries = [
        entry_of(partial(_question, raw), line=place, shown=f"question {place}", where=f"question {place}")
        for place, raw in enumerate(file.questions, start=1)
    ]
    return QuestionDocument(tuple(entries), file.title[:TITLE_LENGTH_MAX] if file.title else None)


def _question(raw: msgspec.Raw, _notes: Notes) -> Question:
    try:
        question = msgspec.json.decode(raw, type=Question)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Fault(f"it is not a question of ours: {str(error)[:150]}") from None
    bounds = ((question.title, TITLE_LENGTH_MAX), (question.prompt, PROMPT_LENGTH_MAX))
    more = ((question.explanation or "", PROMPT_LENGTH_MAX), (question.category or "", CATEGORY_LENGTH_MAX))
    if any(len(words) > most for words, most in (*bounds, *more)):
        raise Fault("one of its texts is too long")
    if not 1 <= question.points <= POINTS_MAX:
        raise Fault(f"its points are not between 1 and {POINTS_MAX}")
    return checked(question)
