"""What phones hold of packs, and what they tell of theirs."""

from server.base.errors import NotFound
from server.base.tx import Tx
from server.catalog import readiness
from server.catalog.pack_schemas import PackRow, ReadinessRow
from server.identity.queries import name_of
from sync.collection import Change, Collection, bucket, is_set
from sync.merge import ByServer, LwwField

_WRITTEN = frozenset({"quality", "rows_ready", "files_ready", "files_wanted", "bytes", "checked_at"})

packs = Collection(
    name="catalog.packs",  # On every phone: never renamed, never used again.
    table="catalog_packs",
    row=PackRow,
    buckets=(bucket("course", "course_id", when=is_set("published_at")), bucket("course-staff", "course_id")),
    tier=1,  # The price is known before the texts are there.
    merge=ByServer(),
    deletion="by_server",
)


async def own_readiness(tx: Tx, change: Change) -> None:
    """Whose it is follows from who sends it. Raises WrongId, NotFound (no such course, or not for them)."""
    checked_at = change.fields.get("checked_at")
    if checked_at is not None:
        change.fields["checked_at"] = min(checked_at, tx.now)  # A phone whose clock is ahead looked just now.
    if change.before is not None:
        if change.before["user_id"] != tx.actor.id:
            raise readiness.WrongId
        return
    course_id, device_id = change.fields["course_id"], change.fields["device_id"]
    if change.id != readiness.id_of(tx.actor.id, course_id, device_id):
        raise readiness.WrongId
    if not await readiness.may_report(tx, course_id):
        raise NotFound("There is no such course, or not for you.")
    change.fill(user_id=tx.actor.id, learner_name=await name_of(tx, tx.actor.id))


readiness_of_phones = Collection(
    name="catalog.readiness",  # On every phone: never renamed, never used again.
    table="catalog_readiness",
    row=ReadinessRow,
    buckets=(bucket("user", "user_id"), bucket("course-staff", "course_id")),
    tier=3,
    merge=LwwField(),
    may_create=_WRITTEN | {"course_id", "device_id"},
    may_patch=_WRITTEN,
    key=("user_id", "course_id", "device_id"),
    deletion="by_server",
    guard=own_readiness,
)
