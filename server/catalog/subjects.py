"""Names of subjects: resolved in any case and alphabet; those that nobody knew wait for an admin (CAT-17).

a name ─search_fold()─► known: that subject, or the one it was merged into
                      └ unknown: a row that is not active, and waits ─► taken, or merged: all that named it moves
"""

from datetime import datetime
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text

from server.base.errors import Conflict, Forbidden, Invalid, NotFound
from server.base.ids import derived_id
from server.base.tx import Tx
from server.catalog import policy
from server.catalog.events import SubjectMerged
from server.catalog.models import Subject
from server.identity.queries import name_of
from sync.erasing import NEUTRAL_NAME

WAITING_MAX = 20  # Of one person.
NAME_LENGTH_MAX = 100
LISTED_MAX = 200

_LOCK = text("select pg_advisory_xact_lock(hashtext('catalog.subject_names'))")
_FOLD = text("select search_fold(:name)")
_KNOWN = text(
    "select coalesce(merged_into, id) from catalog_subjects where search_fold(name) = :folded and deleted_at is null"
    " order by is_active desc, merged_into nulls last, created_at, id limit 1"
)
_RESOLVE = text("select coalesce(merged_into, id) from catalog_subjects where id = :id and deleted_at is null")
_COUNT = text(
    "select count(*) from catalog_subjects where proposed_by_id = :me and not is_active and merged_into is null"
    " and deleted_at is null"
)
_WAITING = text(
    "select s.id, s.name, s.proposed_by_id, s.created_at,"
    " (select count(*) from catalog_courses c where c.subject_id = s.id and c.deleted_at is null) as courses_count"
    " from catalog_subjects s where not s.is_active and s.merged_into is null and s.deleted_at is null"
    " and s.proposed_by_id is not null order by s.created_at, s.id limit :limit"
)
_MOVE = (
    text("update catalog_courses set subject_id = :into where subject_id = :id"),
    text("update catalog_subjects set merged_into = :into where merged_into = :id"),
)
_LAST = text("select coalesce(max(order_index), 0) + 1 from catalog_subjects where is_active")


class SubjectNameless(Invalid):
    """The name of a subject has letters in it."""

    code = "subject.nameless"


class SubjectUnknown(Invalid):
    """There is no such subject."""

    code = "subject.unknown"


class TooManyNames(Conflict):
    """So many names of yours wait for an admin that no more are taken; choose a subject of the list."""

    code = "subject.too_many"


class SubjectSettled(Conflict):
    """Another admin has settled this name already; look at the list again."""

    code = "subject.settled"


class WaitingName(Struct, frozen=True):
    """A name that nobody knew, for admins."""

    id: UUID
    name: str
    by_name: str
    created_at: datetime
    courses_count: int


async def resolve(tx: Tx, subject_id: UUID) -> UUID:
    """The subject that is meant: what was merged is what it was merged into. Raises SubjectUnknown."""
    found = (await tx.db.execute(_RESOLVE, {"id": subject_id})).scalar_one_or_none()
    if found is None:
        raise SubjectUnknown(fields={"subject_id": "There is no such subject."})
    return UUID(str(found))


async def propose(tx: Tx, name: str, *, by: UUID, id_: UUID | None = None) -> UUID:
    """The subject of this name, in any case and alphabet; a new one that waits where nobody knows it.

    With `id_` a row of that id stands for the name, whichever subject it is. Twice is once.
    Raises SubjectNameless, TooManyNames.
    """
    plain = " ".join(name.split())
    folded = (await tx.db.execute(_FOLD, {"name": plain.replace("\0", " ")})).scalar_one()
    if not folded:
        raise SubjectNameless(fields={"name": "Write a name."})
    await tx.db.execute(_LOCK)  # Two who write the same name at once mean one.
    known = (await tx.db.execute(_KNOWN, {"folded": folded})).scalar_one_or_none()
    if known is not None and id_ is None:
        return UUID(str(known))
    if id_ is not None and (row := await tx.db.get(Subject, id_)) is not None:
        return row.merged_into or row.id
    if known is None and (await tx.db.execute(_COUNT, {"me": by})).scalar_one() >= WAITING_MAX:
        raise TooManyNames
    new_id = id_ or derived_id("catalog.subject_names", folded)
    merged_into = None if known is None else UUID(str(known))
    tx.db.add(
        Subject(
            id=new_id, name=plain, slug=f"waiting-{new_id}", is_active=False, proposed_by_id=by, merged_into=merged_into
        )
    )
    await tx.db.flush()
    return merged_into or new_id


async def waiting_names(tx: Tx) -> list[WaitingName]:
    """The longest waiting first. Raises Forbidden."""
    _require_right(tx)
    rows = (await tx.db.execute(_WAITING, {"limit": LISTED_MAX})).all()
    return [
        WaitingName(row.id, row.name, await _writer(tx, row.proposed_by_id), row.created_at, row.courses_count)
        for row in rows
    ]


async def _writer(tx: Tx, user_id: UUID) -> str:
    try:
        return await name_of(tx, user_id)
    except NotFound:
        return NEUTRAL_NAME


async def merge(tx: Tx, subject_id: UUID, into_id: UUID) -> None:
    """Whatever names the one names the other, and so will what comes later from phones; twice is once.

    Raises Forbidden, NotFound, SubjectUnknown, SubjectSettled.
    """
    subject = await _waiting(tx, subject_id, settled_as=into_id)
    if subject is None:
        return
    into = await tx.db.get(Subject, into_id)
    if into is None or into.deleted_at is not None or not into.is_active:
        raise SubjectUnknown(fields={"into_id": "There is no such subject."})
    subject.merged_into = into.id
    await tx.db.flush()
    for statement in _MOVE:
        await tx.db.execute(statement, {"id": subject.id, "into": into.id})
    await tx.publish(SubjectMerged(subject_id=subject.id, into_id=into.id))
    await tx.audit("catalog.subject.merge", kind="subject", id_=subject.id, into=str(into.id), name=subject.name)


async def take(tx: Tx, subject_id: UUID) -> None:
    """Make it a subject that everybody sees; twice is once. Raises Forbidden, NotFound, SubjectSettled."""
    subject = await _waiting(tx, subject_id, settled_as=subject_id)
    if subject is None:
        return
    subject.is_active, subject.order_index = True, (await tx.db.execute(_LAST)).scalar_one()
    folded = (await tx.db.execute(_FOLD, {"name": subject.name})).scalar_one()
    subject.slug = f"{folded.replace(' ', '-')[:80]}-{str(subject.id)[-6:]}"
    await tx.audit("catalog.subject.take", kind="subject", id_=subject.id, name=subject.name)


async def _waiting(tx: Tx, subject_id: UUID, *, settled_as: UUID) -> Subject | None:
    """Locked; None where it was settled so before."""
    _require_right(tx)
    await tx.db.execute(_LOCK)
    subject = await tx.get_locked(Subject, subject_id)
    if not subject.is_active and subject.merged_into is None and subject.proposed_by_id is not None:
        return subject
    if (subject.merged_into or subject.id) != settled_as:
        raise SubjectSettled
    return None


def _require_right(tx: Tx) -> None:
    if not policy.may_merge_subjects(tx.actor):
        raise Forbidden("Admins settle names of subjects.")
