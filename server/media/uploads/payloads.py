"""What jobs are told of uploads."""

from uuid import UUID

from server.base.jobs import Payload


class CheckUpload(Payload, frozen=True, tag="media.check_upload"):
    """All parts are here: see what the file is, and take it or say why not."""

    upload_id: UUID


class SweepUploads(Payload, frozen=True, tag="media.sweep_uploads"):
    """Take away what sessions that have ended left in the store."""
