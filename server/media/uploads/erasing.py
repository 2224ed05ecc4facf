"""What a person was sending goes with the person, rows and parts."""

from typing import Any
from uuid import UUID

from psycopg import Connection

from server.media.uploads.parts import piece_key
from sync.erasing import Forget, Through

erasures = (
    Forget("media_upload_parts", "owner_id", through=Through("upload_id", "media_uploads")),
    Forget("media_uploads", "owner_id"),
    Forget("media_uses", "user_id"),
)


def forget_parts(connection: Connection[Any], user_id: UUID) -> list[str]:
    """The keys of their objects."""
    found = connection.execute(
        "select p.upload_id, p.number, unnest(p.pieces) from media_upload_parts p"
        " join media_uploads u on u.id = p.upload_id where u.owner_id = %s",
        [user_id],
    )
    return [piece_key(upload_id, number, piece) for upload_id, number, piece in found.fetchall()]
