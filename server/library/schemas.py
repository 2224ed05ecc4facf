"""What crosses the wire of the library: commands, rows on phones, and answers of the API."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

FILES_MAX = 20

Kind = Literal["plan", "worksheet", "slides", "book", "film", "sound", "test", "other"]
Status = Literal["draft", "pending", "peer_approved", "published"]
Verdict = Literal["approve", "reject"]
Title = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
Description = Annotated[str, Meta(max_length=5_000)]
Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}$")]
Level = Annotated[str, Meta(max_length=50)]
Topic = Annotated[str, Meta(max_length=200)]
Licence = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
Attribution = Annotated[str, Meta(max_length=500)]
Comment = Annotated[str, Meta(max_length=1_000)]
Stars = Annotated[int, Meta(ge=1, le=5)]
FileIds = Annotated[list[UUID], Meta(max_length=FILES_MAX)]


class Describe(Struct, frozen=True, forbid_unknown_fields=True):
    """`library.item.describe`: a new item, or another text of one's own. The phone mints `id`."""

    id: UUID
    title: Title
    kind: Kind
    language: Language
    subject_id: UUID
    licence: Licence
    description: Description = ""
    level: Level | None = None
    topic: Topic = ""
    attribution: Attribution = ""
    file_ids: FileIds = []


class NameItem(Struct, frozen=True, forbid_unknown_fields=True):
    item_id: UUID


class ReviewItem(Struct, frozen=True, forbid_unknown_fields=True):
    """`revision`: what was read; another one since then refuses the review."""

    item_id: UUID
    revision: int
    verdict: Verdict
    comment: Comment = ""


class RateItem(Struct, frozen=True, forbid_unknown_fields=True):
    item_id: UUID
    stars: Stars


class ItemRow(Struct, frozen=True):
    """`library.items`: an educator's own, with where it stands."""

    id: UUID
    educator_id: UUID
    educator_name: str
    title: str
    description: str
    kind: Kind
    language: str
    level: str | None
    subject_id: UUID
    topic: str
    licence: str
    attribution: str
    revision: int
    files: list[UUID]
    bytes: int
    status: Status
    reason: str | None
    submitted_at: datetime | None
    published_at: datetime | None


class ShelfRow(Struct, frozen=True):
    """`library.shelf`: what everybody sees of a published item."""

    id: UUID
    educator_name: str
    title: str
    description: str
    kind: Kind
    language: str
    level: str | None
    subject_id: UUID
    topic: str
    licence: str
    attribution: str
    revision: int
    files: list[UUID]
    bytes: int
    published_at: datetime
    downloads_count: int
    ratings_count: int
    stars_sum: int


class ReviewRow(Struct, frozen=True):
    """`library.reviews`: what was said of an item, for its educator and whoever said it."""

    id: UUID
    item_id: UUID
    reviewer_name: str
    revision: int
    is_final: bool
    verdict: Verdict
    comment: str


class RatingRow(Struct, frozen=True):
    """`library.ratings`: one's own."""

    id: UUID
    item_id: UUID
    stars: Stars


# --- the API ------------------------------------------------------------------------------------------------------


class ItemFile(Struct, frozen=True):
    id: UUID
    name: str | None
    mime: str
    bytes: int  # In normal quality.
    sha256: str | None  # Of that; none while nothing was made of it.


class ItemAnswer(Struct, frozen=True):
    item: ShelfRow | None  # As everybody sees it.
    draft: ItemRow | None  # As it is written now, for its educator and reviewers.
    files: list[ItemFile]
    own_stars: int | None
    may_rate: bool
    reviews: list[ReviewRow]  # For its educator and reviewers.
