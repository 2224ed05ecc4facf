"""What crosses the wire of packs: rows on phones, and the list over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from server.catalog.schemas import PackBytes
from server.media.quality import Quality

FILES_MAX = 100_000
BYTES_MAX = 2**53 - 1

Count = Annotated[int, Meta(ge=0, le=FILES_MAX)]
Bytes = Annotated[int, Meta(ge=0, le=BYTES_MAX)]


class PackFile(Struct, frozen=True):
    file_id: UUID
    priority: int  # 0 pictures seen first, 1 captions and sound, 2 pictures, 3 films, 4 documents


class PackRow(Struct, frozen=True):
    """`catalog.packs`: what a lesson needs besides its text. What each file is, `media.files` says."""

    id: UUID  # The lesson's.
    course_id: UUID
    bytes: PackBytes
    files: list[PackFile]


class ReadinessRow(Struct, frozen=True):
    """`catalog.readiness`: how far one phone of a learner has a course, for its teachers."""

    id: UUID  # Of user, course and device.
    course_id: UUID
    device_id: UUID
    learner_name: str  # The server's.
    quality: Quality
    rows_ready: bool
    files_ready: Count
    files_wanted: Count
    bytes: Bytes
    checked_at: datetime


# --- the API ------------------------------------------------------------------------------------------------------


class PackAnswerFile(Struct, frozen=True, omit_defaults=True):
    file_id: UUID
    name: str  # Of the rendition.
    mime: str
    bytes: int
    sha256: str
    priority: int
    attribution: str | None = None  # Shown with the file, as its licence asks.


class PackAnswerLesson(Struct, frozen=True):
    id: UUID
    bytes: int  # Its rows and files, in this quality.
    files: list[PackAnswerFile]


class PackWeight(Struct, frozen=True):
    rows: int
    files: int


class PackAnswer(Struct, frozen=True):
    """Each file is `path` and its hash; a file that two lessons show counts once in `bytes`."""

    course_id: UUID
    revision: int
    quality: Quality
    path: str
    path_expires_at: datetime
    bytes: PackWeight
    lessons: list[PackAnswerLesson]
