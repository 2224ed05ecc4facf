"""Dead letters over HTTP: looked through, and tried again."""

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from server.base.actor import Actor
from server.base.dead_letters import LIST_MAX, DeadLetter, count_failed, failed_jobs, retry_jobs
from server.base.errors import Forbidden, NotFound
from server.base.http.envelope import Success, success
from server.base.tx import Tx
from server.operations import policy
from server.operations.schemas import FailedJob, FailedJobs, Retried

ERROR_LENGTH_MAX = 500
VALUE_LENGTH_MAX = 200


class JobUnknown(NotFound):
    """There is no such job among those that were given up; it may have been tried again already."""

    code = "job.unknown"


@get("/api/v1/jobs/failed", operation_id="FailedJobs")
async def list_failed_jobs(
    actor: NamedDependency[Actor],
    tx: NamedDependency[Tx],
    limit: Annotated[int, QueryParameter(ge=1, le=LIST_MAX)] = 50,
    before: Annotated[int | None, QueryParameter(ge=1)] = None,
) -> Success[FailedJobs]:
    """Jobs that failed as often as they may, the newest first. For staff."""
    if not policy.may_see_jobs(actor):
        raise Forbidden("Only staff see what the server could not do.")
    found = await failed_jobs(tx, limit=limit, before=before)
    following = found[-1].id if len(found) == limit else None
    return success(FailedJobs(total=await count_failed(tx), jobs=[_shown(one) for one in found], next=following))


@post("/api/v1/jobs/{job_id:int}/retry", operation_id="RetryJob", status_code=202)
async def retry_job(actor: NamedDependency[Actor], tx: NamedDependency[Tx], job_id: FromPath[int]) -> Success[Retried]:
    """Have it run once more, with all its attempts. For staff."""
    if not policy.may_retry_jobs(actor):
        raise Forbidden("Only staff have jobs tried again.")
    if not 0 < job_id < 2**63 or not await retry_jobs(tx, ids=[job_id]):
        raise JobUnknown
    await tx.audit("operations.job.retry", kind="job", job=job_id)
    return success(Retried(id=job_id))


def _shown(letter: DeadLetter) -> FailedJob:
    payload = msgspec.json.decode(letter.payload)
    about = {str(name): str(value)[:VALUE_LENGTH_MAX] for name, value in payload.items() if name != "kind"}
    return FailedJob(
        id=letter.id,
        kind=letter.kind,
        about=about,
        attempts=letter.attempts,
        created_at=letter.created_at,
        failed_at=letter.failed_at,
        error=letter.error[:ERROR_LENGTH_MAX],
    )
