"""What crosses the wire of packages."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

DATA_LENGTH_MAX = 120_000  # Characters: 64,000 of suspended data, and the rest.
SECONDS_MAX = 10_000_000


class StateRow(Struct, frozen=True):
    """`packages.states`: what an item keeps, to go on with; the newest counts."""

    id: UUID  # Of user, package and item.
    package_id: UUID
    item: Annotated[str, Meta(min_length=1, max_length=200)]
    data: Annotated[str, Meta(max_length=DATA_LENGTH_MAX)]  # JSON; read by the page alone.


class ResultRow(Struct, frozen=True):
    """`packages.results`: best score, first completion; never goes back, on any phone."""

    id: UUID  # Of user, course and package.
    user_id: UUID
    course_id: UUID
    package_id: UUID
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    learner_name: str  # The server's.
    score_ppm: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    seconds: Annotated[int, Meta(ge=0, le=SECONDS_MAX)] = 0
    opened_at: datetime | None = None
    completed_at: datetime | None = None
    passed_at: datetime | None = None
