"""What becomes of a person's files: those that a course shows stay, for others learn from them; the rest goes."""

from typing import Any
from uuid import UUID

from psycopg import Connection

from server.media.uploads.erasing import forget_parts
from sync.erasing import Leave

_UNUSED = (
    "select f.id from media_files f where f.owner_id = %(user)s and not exists ("
    " select from media_uses u where u.file_id = f.id and u.deleted_at is null and u.user_id is null)"
)

erasures = (Leave("media_files", "owner_id"),)


def forget_files(connection: Connection[Any], user_id: UUID) -> list[str]:
    """Delete the files that nothing shows; the keys of objects that no other file has."""
    unused = [id_ for (id_,) in connection.execute(_UNUSED, {"user": user_id}).fetchall()]
    keys = {
        key
        for (key,) in connection.execute(
            "delete from media_variants where file_id = any(%s) returning storage_key", [unused]
        ).fetchall()
    }
    connection.execute("delete from media_uses where file_id = any(%s) or user_id = %s", [unused, user_id])
    connection.execute("delete from media_texts where file_id = any(%s)", [unused])
    connection.execute("delete from media_files where id = any(%s)", [unused])
    still = connection.execute("select storage_key from media_variants where storage_key = any(%s)", [list(keys)])
    return sorted(keys - {key for (key,) in still.fetchall()}) + forget_parts(connection, user_id)
