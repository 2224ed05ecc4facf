"""A course's file as a plan: every entry is named in its manifest and is what the manifest says, or it is not read."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from server.base.archive import Archive, EntryBroken, open_archive
from server.base.errors import AppError
from server.base.import_report import Reason, ReportItem, report_item
from server.catalog.blocks import Block, decode_blocks, encode_blocks
from server.catalog.cartridge import PlannedQuiz
from server.catalog.cartridge.plan import QUIZZES_BYTES_MAX, TEXTS_BYTES_MAX, TOO_MUCH
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

SEAL_BYTES_MAX = 1_000
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
    held: Counter[str] = field(default_factory=Counter)  # Kind → bytes

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

    def hold(self, kind: str, size: int, bytes_max: int) -> None:
        """Of what is in memory together. Raises EntryBroken."""
        self.held[kind] += size
        if self.held[kind] > bytes_max:
            raise EntryBroken(f"{kind}.too_much", TOO_MUCH)

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
        _refuse_twice(SECTIONS, (path for card in cards for path in card.lessons))
        _refuse_twice(FILES, (card.id for card in files))
        _refuse_twice(TESTS, (name for card in tests for name in (card.id, card.path)))
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
            is_ours=is_sealed(signing_key, manifest, _seal(archive)),
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


def _refuse_twice(where: str, names: Iterable[object]) -> None:
    """Raises CourseFileRefused."""
    seen: set[object] = set()
    for name in names:
        if name in seen:
            raise CourseFileRefused(f"{where} names {str(name)[:80]} twice.")
        seen.add(name)


def _seal(archive: Archive) -> bytes:
    """Empty where there is none, or one that cannot be read."""
    try:
        return archive.read(SEAL, bytes_max=SEAL_BYTES_MAX) if SEAL in archive else b""
    except EntryBroken:
        return b""


def _as(kind: Any) -> Callable[[bytes], Any]:
    return msgspec.json.Decoder(kind).decode


def _lessons(reader: _Reader, section: SectionCard) -> list[PlainLesson]:
    found = []
    for path in section.lessons:
        try:
            card = msgspec.json.decode(reader.part(path, bytes_max=LESSON_BYTES_MAX), type=LessonCard)
            blocks = clean_blocks(decode_blocks(msgspec.json.encode(card.blocks)))
            reader.hold("page", len(encode_blocks(blocks)), TEXTS_BYTES_MAX)
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
            reader.hold("quiz", len(content), QUIZZES_BYTES_MAX)
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
