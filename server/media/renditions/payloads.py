"""What jobs are told of renditions."""

from uuid import UUID

from server.base.jobs import Payload


class MakeRendition(Payload, frozen=True, tag="media.make_rendition"):
    """One rendition of a file that takes seconds."""

    file_id: UUID
    name: str


class MakeFilm(Payload, frozen=True, tag="media.make_film"):
    """One rendition of a long film or recording."""

    file_id: UUID
    name: str
