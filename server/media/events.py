"""What the features above hear of files, inside the transaction."""

from uuid import UUID

from server.base.events import Event


class FileReady(Event, frozen=True):
    """Something of the file is new for phones: it was accepted, or another rendition of it is there."""

    file_id: UUID
