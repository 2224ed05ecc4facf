"""What jobs are told of files on their way in, besides `CheckUpload`."""

from uuid import UUID

from server.base.jobs import Payload


class CheckLargeUpload(Payload, frozen=True, tag="media.check_large_upload"):
    """The same for a file that takes long to read: pictures do not wait behind it, nor it behind films."""

    upload_id: UUID
