"""What the features above hear of courses. Subscribers run in the same transaction."""

from uuid import UUID

from server.base.events import Event


class CoursePublished(Event, frozen=True):
    course_id: UUID


class CourseUnpublished(Event, frozen=True):
    course_id: UUID
