"""What the API says of an import."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from server.base.import_report import ItemState, Reason, Sums
from server.catalog.importing import Access

QuestionsKind = Literal["gift", "aiken", "csv", "moodle_xml", "qti"]
ImportKind = Literal["cartridge", "course", "scorm"] | QuestionsKind
ImportState = Literal["queued", "running", "done", "failed"]


class ImportOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """An import of a file that was sent as an upload."""

    upload_id: UUID
    kind: ImportKind
    dry_run: bool = False
    course: Annotated[str, Meta(max_length=255)] | None = None  # Slug: where questions or a package go.
    practice: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    publish: bool = False
    access: Access = "free"


class ImportTicket(Struct, frozen=True):
    id: UUID


class ItemAnswer(Struct, frozen=True):
    """One item of the file and what became of it."""

    item: str  # How the file names it.
    title: str
    kind: str
    status: ItemState
    reason: str | None  # The first reason in words; null when all of it came along.
    reasons: list[Reason]
    reasons_count: int


class ReportAnswer(Struct, frozen=True):
    totals: dict[str, int]
    items: list[ItemAnswer]


class ErrorAnswer(Struct, frozen=True):
    code: str
    message: str


class ImportAnswer(Struct, frozen=True):
    id: UUID
    kind: ImportKind
    name: str
    state: ImportState
    progress_ppm: int
    step: str
    report: ReportAnswer | None
    course_slug: str | None
    error: ErrorAnswer | None
    dry_run: bool  # Nothing was made; `apply` makes it.
    would: Sums | None  # How much came of it; of a dry run: would come of it.
