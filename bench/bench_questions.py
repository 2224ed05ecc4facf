"""Reading 5,000 questions of each format, beside bare reading of the same bytes: lxml for XML, one pattern for text."""

import csv
import io
import re
import time
import zipfile
from collections.abc import Callable
from decimal import Decimal
from functools import partial

from lxml import etree

from bench.figures import Figure, Servers
from server.assessments.interchange import (
    Question,
    QuestionDocument,
    ReadKind,
    WriteKind,
    document_of,
    read_questions,
    write_questions,
)
from server.assessments.interchange.document import (
    FULL_PPM,
    Choice,
    ChoiceBody,
    NumericBody,
    NumericRange,
    TrueFalseBody,
)
from server.assessments.interchange.refusals import QUESTIONS_MAX

GOAL_S = 10.0  # The largest file, in a thread of the worker.
FORMATS: tuple[tuple[WriteKind, ReadKind], ...] = (
    ("gift", "gift"),
    ("aiken", "aiken"),
    ("csv", "csv"),
    ("moodle_xml", "moodle_xml"),
    ("qti21", "qti"),
    ("spark", "spark"),
)


def questions(count: int, *, choices_only: bool) -> QuestionDocument:
    made = []
    for place in range(count):
        choice = ChoiceBody(
            tuple(Choice(f"answer {n} of {place}", FULL_PPM * (n == 0)) for n in range(4)), is_multi=False
        )
        number = NumericBody((NumericRange(Decimal(place), Decimal(place + 1), FULL_PPM),))
        bodies = (choice, TrueFalseBody(is_true=True), number)
        made.append(Question(f"q{place}", f"What of {place}?", bodies[0 if choices_only else place % 3]))
    return document_of(*made)


def bare(kind: WriteKind, content: bytes) -> Callable[[], object]:
    """What nobody can do without: the bytes become a tree, rows or pieces."""
    if kind == "moodle_xml":
        return lambda: etree.fromstring(content)
    if kind == "qti21":
        packed = zipfile.ZipFile(io.BytesIO(content))
        return lambda: [etree.fromstring(packed.read(name)) for name in packed.namelist()]
    if kind == "csv":
        return lambda: list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    return lambda: re.findall(r"[^=~{}#:\n]+|[=~{}#:\n]", content.decode())


def read_whole(kind: ReadKind, content: bytes) -> QuestionDocument:
    if kind != "qti":
        return read_questions(kind, content)
    packed = zipfile.ZipFile(io.BytesIO(content))
    return read_questions("qti", packed.read("imsmanifest.xml"), files=packed.read)


def timed(run: Callable[[], object]) -> float:
    """Seconds, the best of two."""
    found = []
    for _ in range(2):
        begun = time.perf_counter()
        run()
        found.append(time.perf_counter() - begun)
    return min(found)


async def measure(_servers: Servers) -> list[Figure]:
    figures = []
    for kind, read_kind in FORMATS:
        content = write_questions(kind, questions(QUESTIONS_MAX, choices_only=kind == "aiken")).content
        ours = timed(partial(read_whole, read_kind, content))
        floor = timed(bare(kind, content))
        name = f"read 5,000 questions, {kind} ({len(content) / 1e6:.1f} MB)"
        figures.append(
            Figure(name, ours, "s", floor, "bare reading of the same bytes", f"≤ {GOAL_S:.0f} s", holds=ours <= GOAL_S)
        )
    return figures
