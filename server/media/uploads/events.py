"""What the features above hear of uploads, inside the transaction; who objects raises."""

from uuid import UUID

from server.base.events import Event


class FileForCourse(Event, frozen=True):
    """The actor wants to send a file for a course. It may not be there yet: its creation may still wait on a phone."""

    course_id: UUID
