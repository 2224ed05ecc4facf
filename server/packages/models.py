"""How far learners are in packages."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from server.base.models import Model, Stamped


class PackageState(Stamped, Model):
    """What one item of a package keeps for one learner, in its own words."""

    __tablename__ = "packages_states"

    user_id: Mapped[UUID]
    package_id: Mapped[UUID]  # Of media_files.
    item: Mapped[str]  # As the package names it.
    data: Mapped[str]
    merge_state: Mapped[dict[str, Any] | None]


class PackageResult(Stamped, Model):
    """What came of a package in a course, for the learner and the course's staff."""

    __tablename__ = "packages_results"

    user_id: Mapped[UUID]
    course_id: Mapped[UUID]
    package_id: Mapped[UUID]
    title: Mapped[str]
    learner_name: Mapped[str]
    score_ppm: Mapped[int | None]
    seconds: Mapped[int] = mapped_column(server_default="0")
    opened_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    passed_at: Mapped[datetime | None]
