"""What phones and the API say of uploads."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

Purpose = Literal["course", "library", "question", "import"]
UploadState = Literal["receiving", "received", "checking", "ready", "refused", "failed", "cancelled", "expired"]
CLOSED: frozenset[str] = frozenset({"ready", "refused", "failed", "cancelled", "expired"})

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Meta(min_length=1, max_length=255)]
Mime = Annotated[str, Meta(max_length=100)]


class UploadRow(Struct, frozen=True):
    """`media.uploads`. Bytes received are not in it: a line of the log for each part would be the traffic."""

    id: UUID
    name: str
    mime: str
    bytes: int
    sha256: str
    purpose: Purpose
    purpose_id: UUID | None
    state: UploadState
    reason_code: str | None
    reason: str | None  # In words, for whoever sent it.
    progress_ppm: int
    step: str
    file_id: UUID | None  # Of `media.files`, once it is ready.


class UploadRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that somebody wants to send."""

    id: UUID  # The phone's: twice is once.
    name: Name
    bytes: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    mime: Mime = ""
    sha256: Sha256
    purpose: Purpose
    purpose_id: UUID | None = None
    licence: Annotated[str, Meta(max_length=255)] = ""
    attribution: Annotated[str, Meta(max_length=1000)] = ""


class CompleteRequest(Struct, frozen=True, forbid_unknown_fields=True):
    sha256: Sha256


class Have(Struct, frozen=True):
    """What the server keeps of a file."""

    whole: str  # Numbers of parts: "0-41,43".
    partial: dict[str, int]  # Number → bytes from its beginning.


class UploadAnswer(Struct, frozen=True, kw_only=True):
    id: UUID
    state: UploadState
    part_bytes: int
    parts_count: int
    have: Have
    path: str | None = None  # "/uploads/{token}/": PUT {number} there. Only while it is receiving.
    path_expires_at: datetime | None = None
    file_id: UUID | None = None
    reason_code: str | None = None
    reason: str | None = None


def ranges_of(numbers: list[int]) -> str:
    """[0, 1, 2, 5] → "0-2,5"."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
