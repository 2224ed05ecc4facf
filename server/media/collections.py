"""Files as phones hold them: with each course that uses them, drafts with its staff."""

from server.media.schemas import FileRow
from sync.collection import Collection, Link, bucket, is_set
from sync.merge import ByServer

uses = Link("media_uses", to="file_id")

files = Collection(
    name="media.files",  # On every phone: never renamed, never used again.
    table="media_files",
    row=FileRow,
    buckets=(
        bucket("course", "course_id", when=is_set("published_at"), link=uses),
        bucket("course-staff", "course_id", link=uses),
        bucket("user", "user_id", link=uses),
    ),
    tier=1,  # Sizes are asked before texts: a phone says how much a download is.
    merge=ByServer(),
    deletion="by_server",
)
