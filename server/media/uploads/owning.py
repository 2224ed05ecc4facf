"""A person's own files: on the phones of their owner before anything shows them, and never sent twice."""

from uuid import UUID

from sqlalchemy import text

from server.base.ids import derived_id
from server.base.tx import Tx
from server.media.files import file_id_of

_SAME = text(
    "select id, state from media_files where owner_id = :owner and sha256 = :sha256 and deleted_at is null"
    # A sweep of unused files passes over it, or has been there already.
    " order by (id = :id) desc, created_at, id for key share"
)
_FINISHED = text(
    "select distinct sha256 from media_files where owner_id = :owner and state = 'ready' and deleted_at is null"
)
_COPY_FILE = text(
    "insert into media_files select (json_populate_record(f, json_build_object('id', cast(:id as uuid), 'version', 1,"
    " 'licence', nullif(:licence, ''), 'attribution', nullif(:attribution, ''),"
    " 'created_at', clock_timestamp(), 'updated_at', clock_timestamp()))).*"
    # One that was swept has lost its variants: it gets those of the other, and says so.
    " from media_files f where f.id = :from on conflict (id) do update set deleted_at = null, state = excluded.state,"
    " variants = excluded.variants, renditions = excluded.renditions, pending = excluded.pending,"
    " duration_ms = excluded.duration_ms, pages = excluded.pages, scan = excluded.scan"
)
_NAMES = text("select id, name from media_variants where file_id = :from")
_COPY_VARIANT = text(
    "insert into media_variants select (json_populate_record(v, json_build_object('id', cast(:id as uuid),"
    " 'file_id', cast(:file as uuid)))).* from media_variants v where v.id = :from on conflict do nothing"
)
_COPY_TEXT = text(
    "insert into media_texts (file_id, text) select cast(:file as uuid), text from media_texts where file_id = :from"
    " on conflict do nothing"
)
_OWN = text(
    "insert into media_uses (id, file_id, user_id) values (:id, :file, :user)"
    " on conflict (id) do update set deleted_at = null where media_uses.deleted_at is not null"
)


async def same_bytes(tx: Tx, *, owner_id: UUID, sha256: str, licence: str, attribution: str) -> UUID | None:
    """The owner's own file of these bytes under these terms, if it needs not be sent.

    The same bytes under other terms become a file of their own, with all that was made of the first.
    """
    id_ = file_id_of(owner_id, sha256, licence=licence, attribution=attribution)
    found = (await tx.db.execute(_SAME, {"owner": owner_id, "sha256": sha256, "id": id_})).all()
    if any(row.id == id_ for row in found):
        return id_
    finished = next((row.id for row in found if row.state == "ready"), None)
    if finished is None:
        return None
    values = {"id": id_, "from": finished, "licence": licence, "attribution": attribution}
    await tx.db.execute(_COPY_FILE, values)
    for variant in (await tx.db.execute(_NAMES, {"from": finished})).all():
        copy_id = derived_id("media.variants", id_, variant.name)
        await tx.db.execute(_COPY_VARIANT, {"id": copy_id, "file": id_, "from": variant.id})
    await tx.db.execute(_COPY_TEXT, {"file": id_, "from": finished})
    return id_


async def under_other_terms(tx: Tx, file_id: UUID, *, owner_id: UUID, licence: str, attribution: str) -> bool:
    """Whether it is a file that the owner has under other terms; it is there then.

    A phone names what it shares before it has asked for a session, and waits for bytes alone: those came long ago.
    """
    for sha256 in (await tx.db.execute(_FINISHED, {"owner": owner_id})).scalars():
        if file_id_of(owner_id, sha256, licence=licence, attribution=attribution) == file_id:
            await same_bytes(tx, owner_id=owner_id, sha256=sha256, licence=licence, attribution=attribution)
            await own_file(tx, file_id, owner_id=owner_id)
            return True
    return False


async def own_file(tx: Tx, file_id: UUID, *, owner_id: UUID) -> None:
    """Have the owner's phones hold the row of the file, whatever shows it. Twice is once."""
    values = {"id": derived_id("media.uses", file_id, f"user:{owner_id}"), "file": file_id, "user": owner_id}
    await tx.db.execute(_OWN, values)
