"""What stands in a course's file. Names are fixed: files of every release are read for ever."""

import hashlib
import hmac
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from server.base.archive import Limits
from server.base.errors import Invalid
from server.base.ids import derived_id
from server.media.schemas import FileKind

FORMAT = "spark-course/1"
MANIFEST, SEAL, COURSE, SECTIONS = "manifest.json", "manifest.seal", "course.json", "sections.json"
FILES, TESTS, LICENCES = "files.json", "tests.json", "licences.txt"
LIMITS = Limits(unpacked_bytes=2_000_000_000, entry_bytes=1_000_000_000)
CARD_BYTES_MAX = 20_000_000
LESSON_BYTES_MAX = 2_000_000
TEST_BYTES_MAX = 10 * 1024 * 1024

Name = Annotated[str, Meta(max_length=255)]
Words = Annotated[str, Meta(max_length=5_000)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Path = Annotated[str, Meta(max_length=400)]
Count = Annotated[int, Meta(ge=0, le=10_000_000_000)]


TestKind = Literal["quiz", "lesson_test", "practice_test", "mock_exam", "olympiad_paper", "requirement"]


class CourseFileRefused(Invalid):
    """The file is not a course of ours, or it was damaged on its way; export it again."""

    code = "course_file.damaged"


class NotACourseFile(CourseFileRefused):
    """The zip file holds no manifest of ours at its top."""

    code = "course_file.format"


class NothingLeft(CourseFileRefused):
    """The file holds no lesson that can be read."""

    code = "course_file.nothing_inside"


class _Card(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Written without what it leaves at its default: the same course is the same bytes."""


class EntryCard(_Card, frozen=True):
    path: Path
    bytes: Count
    sha256: Sha256


class Manifest(_Card, frozen=True):
    format: str
    entries: list[EntryCard]  # All others, by path.


class CourseCard(_Card, frozen=True):
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    language: Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$")]
    description: Words = ""
    level: Annotated[str, Meta(max_length=50)] | None = None
    subject: Name | None = None  # Its name.
    licence: Words | None = None
    attribution: Words | None = None
    source_url: Annotated[str, Meta(max_length=1_000)] | None = None


class SectionCard(_Card, frozen=True):
    title: Name
    lessons: list[Path]
    description: Words = ""


class LessonCard(_Card, frozen=True):
    title: Name
    blocks: list[dict[str, object]]  # As in docs/reference/blocks.md; files and tests by the ids of their cards.
    description: Words = ""
    status: Annotated[str, Meta(max_length=20)] = "published"


class ObjectCard(_Card, frozen=True):
    """Bytes: `files/<sha256>.<ending>`."""

    path: Path
    name: Annotated[str, Meta(max_length=60)]
    mime: Annotated[str, Meta(max_length=100)]
    bytes: Count
    sha256: Sha256
    codecs: Annotated[str, Meta(max_length=100)] | None = None
    width: Count | None = None
    height: Count | None = None
    duration_ms: Count | None = None
    kbit_s: Count | None = None


class FileCard(_Card, frozen=True):
    id: UUID  # Of its card alone: blocks name it so.
    kind: FileKind
    mime: Annotated[str, Meta(max_length=100)]
    bytes: Count
    sha256: Sha256  # Of what was sent once; it may not be in here.
    name: Name | None = None
    licence: Words | None = None
    attribution: Words | None = None
    width: Count | None = None
    height: Count | None = None
    duration_ms: Count | None = None
    pages: Count | None = None
    original: ObjectCard | None = None
    variants: list[ObjectCard] = []
    renditions: list[ObjectCard] = []

    @property
    def main(self) -> ObjectCard | None:
        """What the file can be made of anew."""
        return self.original or max([*self.variants, *self.renditions], key=lambda one: one.bytes, default=None)


class TestCard(_Card, frozen=True):
    __test__ = False

    id: UUID  # Of its card alone.
    path: Path  # Of its questions: docs/reference/questions.md, `spark-questions/1`.
    title: Annotated[str, Meta(min_length=1, max_length=255)]
    kind: TestKind
    pass_ppm: Annotated[int, Meta(ge=0, le=1_000_000)]
    lesson: Path | None = None
    attempts_max: Annotated[int, Meta(ge=1, le=1_000)] | None = None
    duration_s: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None


def file_card_id(sha256: str, licence: str | None, attribution: str | None) -> UUID:
    return derived_id("spark-course.files", sha256, licence or "", attribution or "")


def test_card_id(number: int) -> UUID:
    return derived_id("spark-course.tests", number)


def seal_of(signing_key: bytes, manifest: bytes) -> str:
    """What says that the file was made here and not touched since: then its pictures need not be made anew."""
    key = hmac.new(signing_key, b"spark:course-file", hashlib.sha256).digest()
    return hmac.new(key, manifest, hashlib.sha256).hexdigest()


def is_sealed(signing_key: bytes, manifest: bytes, seal: bytes) -> bool:
    return hmac.compare_digest(seal_of(signing_key, manifest).encode(), seal.strip())
