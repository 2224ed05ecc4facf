"""A course's rows as the cards of its file, under one lock: what is written is one moment of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, select, text

from server.base.tx import Tx
from server.catalog import courses
from server.catalog.blocks import Block, decode_blocks, files_of
from server.catalog.models import Course, Lesson, LessonText, Section, Subject
from server.catalog.portable.format import (
    CourseCard,
    FileCard,
    LessonCard,
    ObjectCard,
    SectionCard,
    TestCard,
    TestKind,
    file_card_id,
    test_card_id,
)
from server.catalog.portable.linking import relinked
from server.media.files import ORIGINAL
from server.media.models import MediaFile

ENDINGS = {
    "image/webp": "webp",
    "image/avif": "avif",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "application/pdf": "pdf",
    "text/vtt": "vtt",
    "application/zip": "zip",
}
_OBJECTS = text(
    "select file_id, name, mime, bytes, sha256, codecs, width, height, duration_ms, kbit_s, is_original, storage_key"
    " from media_variants where file_id = any(:files) order by width nulls last, name"
)


@dataclass(frozen=True, kw_only=True)
class TestToWrite:
    """A test as its keeper gives it."""

    __test__ = False

    id: UUID
    title: str
    kind: TestKind
    pass_ppm: int
    lesson_id: UUID | None
    attempts_max: int | None
    duration_s: int | None
    content: bytes  # Its pictures by the ids of their rows.
    file_ids: Sequence[UUID] = ()  # Those pictures.


@dataclass(frozen=True)
class Gathered:
    course: CourseCard
    sections: list[SectionCard]
    lessons: dict[str, LessonCard]  # By path.
    files: list[FileCard]
    tests: list[TestCard]
    questions: dict[str, bytes]  # By path.
    keys: dict[str, str]  # Path of bytes → where they lie in the store.


@dataclass(frozen=True)
class _Row:
    lesson: Lesson
    blocks: list[Block]
    path: str


async def gather(tx: Tx, course_id: UUID, tests: Sequence[TestToWrite]) -> Gathered:
    """Raises NotFound, Forbidden: a course is taken elsewhere by those who may change it."""
    course = await courses.editable(tx, course_id)
    sections = list(
        (
            await tx.db.execute(
                select(Section)
                .where(Section.course_id == course_id, Section.deleted_at.is_(None))
                .order_by(Section.rank, Section.id)
            )
        ).scalars()
    )
    rows = await _rows(tx, course_id)
    shown = [file_id for row in rows for file_id in files_of(row.blocks)]
    asked = sorted({file_id for test in tests for file_id in test.file_ids})
    files, ids, keys = await _files(tx, [*shown, *asked])
    cards, questions, test_ids = _tests(tests, {row.lesson.id: row for row in rows})
    questions = {path: _with_cards(content, ids) for path, content in questions.items()}
    return Gathered(
        course=await _course(tx, course),
        sections=[
            SectionCard(
                title=section.title,
                description=section.description,
                lessons=[row.path for row in rows if row.lesson.section_id == section.id],
            )
            for section in sections
        ],
        lessons={
            row.path: LessonCard(
                title=row.lesson.title,
                description=row.lesson.description,
                status=row.lesson.status,
                blocks=msgspec.to_builtins(relinked(row.blocks, ids, test_ids)),
            )
            for row in rows
        },
        files=files,
        tests=cards,
        questions=questions,
        keys=keys,
    )


async def _course(tx: Tx, course: Course) -> CourseCard:
    subject = await tx.db.get(Subject, course.subject_id) if course.subject_id else None
    return CourseCard(
        title=course.title,
        language=course.language,
        description=course.description,
        level=course.level,
        subject=subject.name if subject else None,
        licence=course.licence,
        attribution=course.attribution,
        source_url=course.source_url,
    )


async def _rows(tx: Tx, course_id: UUID) -> list[_Row]:
    statement = (
        select(Lesson, LessonText)
        .join(LessonText, LessonText.id == Lesson.id)
        .where(Lesson.course_id == course_id, Lesson.deleted_at.is_(None))
        .order_by(Lesson.rank, Lesson.id)
    )
    found = (await tx.db.execute(statement)).all()
    return [
        _Row(lesson, decode_blocks(msgspec.json.encode(written.blocks)), f"lessons/{number}.json")
        for number, (lesson, written) in enumerate(found, start=1)
    ]


async def _files(tx: Tx, file_ids: Sequence[UUID]) -> tuple[list[FileCard], dict[UUID, UUID], dict[str, str]]:
    """Cards in the order of first use, row → card, and where the bytes lie."""
    cards: dict[UUID, FileCard] = {}
    ids: dict[UUID, UUID] = {}
    keys: dict[str, str] = {}
    wanted_ids = list(dict.fromkeys(file_ids))
    statement = select(MediaFile).where(MediaFile.id.in_(wanted_ids), MediaFile.deleted_at.is_(None))
    rows = {file.id: file for file in (await tx.db.execute(statement)).scalars() if file.state != "failed"}
    lying: dict[UUID, list[RowMapping]] = {}
    for row in (await tx.db.execute(_OBJECTS, {"files": list(rows)})).mappings():
        lying.setdefault(row["file_id"], []).append(row)
    for file_id in wanted_ids:
        file = rows.get(file_id)
        if file is None:
            continue
        objects = lying.get(file_id, [])
        wanted = [one for one in objects if one["name"] == ORIGINAL]
        wanted = wanted or [one for one in objects if not one["is_original"]]  # RAW may say where it was made.
        made = [(one, _object(dict(one))) for one in wanted]
        keys |= {card.path: one["storage_key"] for one, card in made}
        card = _file(file, [(one["name"], card) for one, card in made])
        ids[file_id] = card.id
        cards[card.id] = card
    return list(cards.values()), ids, keys


def _file(file: MediaFile, objects: list[tuple[str, ObjectCard]]) -> FileCard:
    by_width = {variant["name"] for variant in file.variants}
    original = next((card for name, card in objects if name == ORIGINAL), None)
    sha256, size = (file.sha256, file.bytes) if original is None else (original.sha256, original.bytes)
    return FileCard(
        id=file_card_id(sha256, file.licence, file.attribution),
        kind=file.kind,  # type: ignore[arg-type]  # the table's check is FileKind
        mime=file.mime,
        bytes=size,
        sha256=sha256,
        name=file.name,
        licence=file.licence,
        attribution=file.attribution,
        width=file.width,
        height=file.height,
        duration_ms=file.duration_ms,
        pages=file.pages,
        original=original,
        variants=[card for name, card in objects if name in by_width],
        renditions=[card for name, card in objects if name != ORIGINAL and name not in by_width],
    )


def _object(row: Mapping[str, Any]) -> ObjectCard:
    known = {field: row[field] for field in ObjectCard.__struct_fields__ if field in row}
    return ObjectCard(path=f"files/{row['sha256']}.{ENDINGS.get(row['mime'], 'bin')}", **known)


def _with_cards(content: bytes, ids: Mapping[UUID, UUID]) -> bytes:
    """A picture's mark names the card: an id of a row stands nowhere else in questions."""
    for row, card in ids.items():
        content = content.replace(b"(file:%s)" % str(row).encode(), b"(file:%s)" % str(card).encode())
    return content


def _tests(
    tests: Sequence[TestToWrite], lessons: Mapping[UUID, _Row]
) -> tuple[list[TestCard], dict[str, bytes], dict[UUID, UUID]]:
    """In the order of their lessons, then of their titles: ids and dates say nothing that comes back the same."""

    def place(test: TestToWrite) -> tuple[int, str]:
        at = lessons.get(test.lesson_id) if test.lesson_id else None
        return (int(at.path[8:-5]) if at else len(lessons) + 1, test.title)

    cards: list[TestCard] = []
    questions: dict[str, bytes] = {}
    ids: dict[UUID, UUID] = {}
    for number, test in enumerate(sorted(tests, key=place), start=1):
        row = lessons.get(test.lesson_id) if test.lesson_id else None
        card = TestCard(
            id=test_card_id(number),
            path=f"tests/{number}.json",
            title=test.title,
            kind=test.kind,
            pass_ppm=test.pass_ppm,
            lesson=row.path if row else None,
            attempts_max=test.attempts_max,
            duration_s=test.duration_s,
        )
        cards.append(card)
        questions[card.path], ids[test.id] = test.content, card.id
    return cards, questions, ids
