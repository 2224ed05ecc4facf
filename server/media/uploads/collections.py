"""Uploads as phones hold them: each with its sender alone."""

from server.media.uploads.schemas import UploadRow
from sync.collection import Collection, bucket
from sync.merge import ByServer

uploads = Collection(
    name="media.uploads",  # On every phone: never renamed, never used again.
    table="media_uploads",
    row=UploadRow,
    buckets=(bucket("user", "owner_id"),),
    tier=1,
    merge=ByServer(),
    deletion="by_server",
)
