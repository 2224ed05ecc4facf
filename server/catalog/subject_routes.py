"""Names of subjects that wait, over HTTP, for admins."""

from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from server.base.http.envelope import Success, success
from server.base.tx import Tx
from server.catalog import subjects
from server.catalog.schemas import MergeSubject
from server.catalog.subjects import WaitingName


@get("/api/v1/subjects/waiting", operation_id="WaitingSubjects")
async def list_waiting_subjects(tx: NamedDependency[Tx]) -> Success[list[WaitingName]]:
    """Names that nobody knew, the longest waiting first."""
    return success(await subjects.waiting_names(tx))


@post("/api/v1/subjects/{subject_id:uuid}/merge", operation_id="MergeSubject", status_code=200)
async def merge_subject(
    subject_id: FromPath[UUID], data: JSONBody[MergeSubject], tx: NamedDependency[Tx]
) -> Success[list[WaitingName]]:
    """Say which subject the name means; all that named it moves. Twice is once. Answers what still waits."""
    await subjects.merge(tx, subject_id, data.into_id)
    return success(await subjects.waiting_names(tx))


@post("/api/v1/subjects/{subject_id:uuid}/take", operation_id="TakeSubject", status_code=200)
async def take_subject(subject_id: FromPath[UUID], tx: NamedDependency[Tx]) -> Success[list[WaitingName]]:
    """Make the name a subject of the list. Twice is once. Answers what still waits."""
    await subjects.take(tx, subject_id)
    return success(await subjects.waiting_names(tx))
