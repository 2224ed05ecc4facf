"""A course's file as a plan: every entry is named in its manifest and is what the manifest says, or it is not read."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from server.base.archive import Archive, EntryBroken, open_archive
from server.base.errors import AppError
from server.base.import_report import Reason, ReportItem, report_item
from server.catalog.blocks import Block, decode_blocks
from server.catalog.cartridge import PlannedQuiz
from server.catalog.inline import clean_blocks
from server.catalog.lessons import LESSONS_MAX, SECTIONS_MAX, CourseFull
from server.catalog.portable.format import (
    CARD_BYTES_MAX,
    COURSE,
    FILES,
    FORMAT,
    LESSON_BYTES_MAX,
    LIMITS,
    MANIFEST,
    SEAL,
    SECTIONS,
    TEST_BYTES_MAX,
    TESTS,
    CourseCard,
    CourseFileRefused,
    EntryCard,
    FileCard,
    LessonCard,
    Manifest,
    NotACourseFile,
    NothingLeft,
    SectionCard,
    TestCard,
    is_sealed,
)

T = TypeVar("T")


@dataclass(frozen=True)
class PlainLesson:
    path: str
    card: LessonCard
    blocks: list[Block]  # Through the sieve; files and tests by the ids of their cards.


@dataclass(frozen=True)
class Portable:
    course: CourseCard
    sections: list[tuple[SectionCard, list[PlainLesson]]]
    files: list[FileCard]
    tests: dict[str, TestCard]  # By path.
    quizzes: list[PlannedQuiz]  # Their questions; `item` is the path.
    entries: dict[str, EntryCard]
    is_ours: bool  # Made by this installation and not touched since.
    items: list[ReportItem]


@dataclass
class _Reader:
    archive: Archive
    entries: dict[str, EntryCard]
    items: list[ReportItem] = field(default_factory=list)

    def part(self, path: str, *, bytes_max: int) -> bytes:
        """Raises EntryBroken."""
        if path not in self.entries:
            raise EntryBroken("file.missing", f"{path[:80]} is not in the file.")
        content = self.archive.read(path, bytes_max=bytes_max)
        if hashlib.sha256(content).hexdigest() != self.entries[path].sha256:
            raise EntryBroken("file.damaged", f"{path[:80]} is not what the manifest says.")
        return content

    def card(self, path: str, kind: Callable[[bytes], T]) -> T:
        """What the whole file hangs on. Raises CourseFileRefused."""
        try:
            return kind(self.part(path, bytes_max=CARD_BYTES_MAX))
        except EntryBroken as problem:
            raise CourseFileRefused(str(problem)) from problem
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            raise CourseFileRefused(f"{path} cannot be read: {str(problem)[:200]}.") from problem

    def leave_out(self, item: str, title: str, kind: str, code: str, why: str) -> None:
        self.items.append(report_item(item, title=title, kind=kind, state="failed", reasons=[Reason(code, why[:500])]))


def read_course_file(path: Path, *, signing_key: bytes) -> Portable:
    """Raises an ArchiveRefused, CourseFileRefused; what is wrong with one lesson or test is in the plan's report."""
    with open_archive(path, LIMITS) as archive:
        manifest = _manifest(archive)
        reader = _Reader(archive, {entry.path: entry for entry in _decoded(manifest, Manifest).entries})
        _compare(archive, reader.entries)
        course = reader.card(COURSE, _as(CourseCard))
        cards = reader.card(SECTIONS, _as(list[SectionCard]))
        if len(cards) > SECTIONS_MAX or sum(len(card.lessons) for card in cards) > LESSONS_MAX:
            raise CourseFull
        files, tests = reader.card(FILES, _as(list[FileCard])), reader.card(TESTS, _as(list[TestCard]))
        sections = [(card, _lessons(reader, card)) for card in cards]
        if not any(lessons for _card, lessons in sections):
            raise NothingLeft
        return Portable(
            course=course,
            sections=sections,
            files=files,
            tests={test.path: test for test in tests},
            quizzes=_quizzes(reader, tests),
            entries=reader.entries,
            is_ours=SEAL in archive and is_sealed(signing_key, manifest, archive.read(SEAL, bytes_max=1_000)),
            items=reader.items,
        )


def is_course_file(path: Path) -> bool:
    """Whether it is one of ours rather than a cartridge. Raises an ArchiveRefused."""
    with open_archive(path, LIMITS) as archive:
        return MANIFEST in archive and COURSE in archive


def _manifest(archive: Archive) -> bytes:
    if MANIFEST not in archive:
        raise NotACourseFile
    try:
        return archive.read(MANIFEST, bytes_max=CARD_BYTES_MAX)
    except EntryBroken as problem:
        raise NotACourseFile(str(problem)) from problem


def _decoded(manifest: bytes, kind: type[Manifest]) -> Manifest:
    try:
        found = msgspec.json.decode(manifest, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise NotACourseFile(f"The manifest cannot be read: {str(problem)[:200]}.") from problem
    if found.format != FORMAT:
        raise NotACourseFile(f"The file says that it is “{found.format[:40]}”; we take {FORMAT}.")
    return found


def _compare(archive: Archive, entries: dict[str, EntryCard]) -> None:
    """Nothing lies in the zip that the manifest does not name, and the other way round. Raises CourseFileRefused."""
    there = set(archive.entries) - {MANIFEST, SEAL}
    odd = sorted(there ^ set(entries))
    if odd:
        raise CourseFileRefused(f"{odd[0][:80]} is in the zip or in the manifest alone.")


def _as(kind: Any) -> Callable[[bytes], Any]:
    return msgspec.json.Decoder(kind).decode


def _lessons(reader: _Reader, section: SectionCard) -> list[PlainLesson]:
    found = []
    for path in section.lessons:
        try:
            card = msgspec.json.decode(reader.part(path, bytes_max=LESSON_BYTES_MAX), type=LessonCard)
            blocks = clean_blocks(decode_blocks(msgspec.json.encode(card.blocks)))
        except EntryBroken as problem:
            reader.leave_out(path, path, "page", problem.code, str(problem))
        except AppError as problem:
            reader.leave_out(path, path, "page", problem.code, problem.message)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            reader.leave_out(path, path, "page", "page.broken", f"The lesson cannot be read: {problem}.")
        else:
            found.append(PlainLesson(path, card, blocks))
            reader.items.append(report_item(path, title=card.title, kind="page", state="ok"))
    return found


def _quizzes(reader: _Reader, tests: list[TestCard]) -> list[PlannedQuiz]:
    found = []
    for test in tests:
        try:
            content = reader.part(test.path, bytes_max=TEST_BYTES_MAX)
        except EntryBroken as problem:
            reader.leave_out(test.path, test.title, "quiz", problem.code, str(problem))
            continue
        found.append(
            PlannedQuiz(
                test.path,
                test.title,
                content,
                after=0,
                format="spark",
                kind=test.kind,
                pass_ppm=test.pass_ppm,
                attempts_max=test.attempts_max,
                duration_s=test.duration_s,
            )
        )
    return found
