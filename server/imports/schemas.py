"""What the API says of an import."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

from server.base.import_report import ItemState, Reason

ImportKind = Literal["cartridge", "gift"]
ImportState = Literal["queued", "running", "done", "failed"]


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
