"""Questions in and out: GIFT, Aiken, CSV, Moodle XML, QTI 1.2, 2.1, 2.2 and 3.0. Pure; no database, no network.

    bytes ─ read_questions ─► QuestionDocument (each entry ok, partial, skipped or failed) ─ write_questions ─► Written

All formats meet in `document.py`. What a format cannot say is told by question, never left out in silence.
`docs/reference/questions.md` says what each understands.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from server.assessments.interchange.aiken import read_aiken, write_aiken
from server.assessments.interchange.document import (
    Body,
    ChoiceBody,
    Entry,
    Question,
    QuestionDocument,
    document_of,
)
from server.assessments.interchange.gift import parse_gift
from server.assessments.interchange.gift_writing import write_gift
from server.assessments.interchange.moodle_xml import read_moodle_xml
from server.assessments.interchange.moodle_xml_writing import write_moodle_xml
from server.assessments.interchange.pictures import FileFinder, Picture, named_in, shown_texts, worded
from server.assessments.interchange.qti import read_qti
from server.assessments.interchange.qti12 import read_qti12
from server.assessments.interchange.qti12_writing import write_qti12
from server.assessments.interchange.qti_packing import write_qti
from server.assessments.interchange.reading import sentence
from server.assessments.interchange.refusals import (
    BadEncoding,
    EntitiesInside,
    NoQuestions,
    NotThisFormat,
    TooManyQuestions,
)
from server.assessments.interchange.stored import read_stored, write_stored
from server.assessments.interchange.table import read_csv, write_csv

__all__ = [
    "BadEncoding",
    "EntitiesInside",
    "Entry",
    "FileFinder",
    "NoQuestions",
    "NotThisFormat",
    "Picture",
    "Question",
    "QuestionDocument",
    "ReadKind",
    "TooManyQuestions",
    "WriteKind",
    "Written",
    "document_of",
    "read_questions",
    "write_questions",
]

ReadKind = Literal["gift", "aiken", "csv", "moodle_xml", "qti12", "qti", "spark"]
WriteKind = Literal["gift", "aiken", "csv", "moodle_xml", "qti12", "qti21", "qti22", "qti30", "spark"]


@dataclass(frozen=True)
class Written:
    content: bytes
    media_type: str
    extension: str  # Without the dot.
    losses: QuestionDocument  # An entry a question of what was given; its `questions` are those in `content`.


def read_questions(kind: ReadKind, content: bytes, *, files: FileFinder | None = None) -> QuestionDocument:
    """Seconds for the largest file: ask in a thread.

    `files` finds what a QTI test or the manifest of a package (then `content` is its `imsmanifest.xml`) names besides.

    Raises: BadEncoding, TooManyQuestions, NotThisFormat, EntitiesInside. What is wrong with one question is its entry's
    reason.
    """
    if kind in ("qti", "qti12"):
        return _with_order_told((read_qti if kind == "qti" else read_qti12)(content, files))
    return _with_order_told(_READERS[kind](content))


def _with_order_told(document: QuestionDocument) -> QuestionDocument:
    """One line for all questions whose answers stood in an order of their own."""
    count = sum(entry.is_in_order and isinstance(_body_of(entry), ChoiceBody) for entry in document.entries)
    if not count:
        return document
    which = f"{count:,} question{'s' * (count > 1)}"
    why = (
        f"The file shows the answers of {which} in an order of their own; here each learner sees them mixed."
        " Look for answers such as “all of the above”."
    )
    return replace(
        document, entries=(*document.entries, Entry(0, "Order of answers", "partial", why, None, "the file"))
    )


def _body_of(entry: Entry) -> Body | None:
    return None if entry.question is None else entry.question.body


_READERS: dict[ReadKind, Callable[[bytes], QuestionDocument]] = {
    "gift": parse_gift,
    "aiken": read_aiken,
    "csv": read_csv,
    "moodle_xml": read_moodle_xml,
    "spark": read_stored,
}


def write_questions(kind: WriteKind, document: QuestionDocument) -> Written:
    """The document's questions in another format, and what became of each."""
    write, media_type, extension = _WRITERS[kind]
    if kind in _SHOWS_PICTURES:
        content, losses = write(document)
    else:
        content, losses = write(_in_words(document))
        losses = _also_pictures(document, losses)
    return Written(content, media_type, extension, losses)


def _in_words(document: QuestionDocument) -> QuestionDocument:
    entries = (
        replace(entry, question=worded(entry.question)) if entry.question else entry for entry in document.entries
    )
    return replace(document, entries=tuple(entries))


def _also_pictures(document: QuestionDocument, losses: QuestionDocument) -> QuestionDocument:
    """Say of each question that had pictures that they stayed behind."""
    told = []
    for question, entry in zip(document.questions, losses.entries, strict=True):
        if entry.question is not None and named_in(shown_texts(question)):
            why = f"{(entry.reason or '').rstrip('.')}; pictures were left out".lstrip("; ")
            told.append(replace(entry, outcome="partial", reason=sentence(why)))
        else:
            told.append(entry)
    return replace(losses, entries=tuple(told))


_SHOWS_PICTURES = frozenset({"moodle_xml", "qti21", "qti22", "qti30", "spark"})


_Writer = Callable[[QuestionDocument], tuple[bytes, QuestionDocument]]
_WRITERS: dict[WriteKind, tuple[_Writer, str, str]] = {
    "gift": (write_gift, "text/plain; charset=utf-8", "gift"),
    "aiken": (write_aiken, "text/plain; charset=utf-8", "txt"),
    "csv": (write_csv, "text/csv; charset=utf-8", "csv"),
    "moodle_xml": (write_moodle_xml, "application/xml", "xml"),
    "qti12": (write_qti12, "application/xml", "xml"),
    "qti21": (partial(write_qti, version="qti21"), "application/zip", "zip"),
    "qti22": (partial(write_qti, version="qti22"), "application/zip", "zip"),
    "qti30": (partial(write_qti, version="qti30"), "application/zip", "zip"),
    "spark": (lambda document: (write_stored(document), document), "application/json", "json"),
}
