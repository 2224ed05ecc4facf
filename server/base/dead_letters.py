"""Jobs that were given up: rows of the outbox with `failed_at`. They stay until somebody has them tried again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from server.base.tx import Tx

LIST_MAX = 200


@dataclass(frozen=True)
class DeadLetter:
    id: int
    kind: str
    payload: str  # JSON: ids, not copies.
    attempts: int
    created_at: datetime
    failed_at: datetime
    error: str


async def failed_jobs(tx: Tx, *, limit: int, before: int | None = None) -> list[DeadLetter]:
    """The newest first; with `before`, those older than that one."""
    statement = text(
        "select id, kind, payload, attempts, created_at, failed_at, coalesce(error, '') as error from base_outbox"
        " where failed_at is not null and (cast(:before as bigint) is null or id < :before)"
        " order by id desc limit :limit"
    )
    found = await tx.db.execute(statement, {"before": before, "limit": min(limit, LIST_MAX)})
    return [DeadLetter(*row) for row in found]


async def count_failed(tx: Tx) -> int:
    return int((await tx.db.execute(text("select count(*) from base_outbox where failed_at is not null"))).scalar_one())


async def retry_jobs(tx: Tx, *, ids: list[int] | None = None, kind: str | None = None) -> list[int]:
    """Have them run once more, with all their attempts; which those are. Twice is once."""
    statement = text(
        "update base_outbox set failed_at = null, attempts = 0, begun = 0, next_at = clock_timestamp()"
        " where failed_at is not null"
        " and (cast(:ids as bigint[]) is null or id = any(cast(:ids as bigint[])))"
        " and (cast(:kind as text) is null or kind = :kind) returning id"
    )
    return sorted((await tx.db.execute(statement, {"ids": ids, "kind": kind})).scalars())
