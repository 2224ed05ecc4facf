"""What staff see of jobs."""

from datetime import datetime

from msgspec import Struct


class FailedJob(Struct, frozen=True):
    """A job that was given up after its attempts."""

    id: int
    kind: str  # "media.make_film"
    about: dict[str, str]  # Its payload: names and ids.
    attempts: int
    created_at: datetime
    failed_at: datetime
    error: str


class FailedJobs(Struct, frozen=True):
    """A page of them, the newest first; `next` is the `before` of the page after."""

    total: int
    jobs: list[FailedJob]
    next: int | None


class Retried(Struct, frozen=True):
    id: int
