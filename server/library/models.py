"""The library's tables: what educators write, and what stands on the shelf."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from server.base.models import Model, Stamped


class _Described(Stamped):
    """What an item says of itself."""

    educator_id: Mapped[UUID]
    educator_name: Mapped[str]
    title: Mapped[str]
    description: Mapped[str]
    kind: Mapped[str]
    language: Mapped[str]
    level: Mapped[str | None]
    subject_id: Mapped[UUID]
    topic: Mapped[str]
    licence: Mapped[str]
    attribution: Mapped[str]
    revision: Mapped[int]
    files: Mapped[list[Any]]  # ids of media.files
    bytes: Mapped[int]


class Item(_Described, Model):
    """A material as its educator writes it."""

    __tablename__ = "library_items"

    status: Mapped[str] = mapped_column(server_default="draft")
    reason: Mapped[str | None]
    submitted_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]


class Shelved(_Described, Model):
    """The newest approved revision of an item: what everybody sees. Its id is the item's."""

    __tablename__ = "library_shelf"

    published_at: Mapped[datetime]
    downloads_count: Mapped[int] = mapped_column(server_default="0")
    ratings_count: Mapped[int] = mapped_column(server_default="0")
    stars_sum: Mapped[int] = mapped_column(server_default="0")


class Review(Stamped, Model):
    __tablename__ = "library_reviews"

    item_id: Mapped[UUID]
    reviewer_id: Mapped[UUID]
    reviewer_name: Mapped[str]
    revision: Mapped[int]
    is_final: Mapped[bool]
    verdict: Mapped[str]
    comment: Mapped[str]


class Rating(Stamped, Model):
    __tablename__ = "library_ratings"

    item_id: Mapped[UUID]
    user_id: Mapped[UUID]
    stars: Mapped[int]
