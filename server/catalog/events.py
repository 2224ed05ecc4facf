"""What the features above hear of courses. Subscribers run in the same transaction."""

from uuid import UUID

from server.base.events import Event


class CoursePublished(Event, frozen=True):
    course_id: UUID


class CourseUnpublished(Event, frozen=True):
    course_id: UUID


class SubjectMerged(Event, frozen=True):
    """What named the one names the other from now on."""

    subject_id: UUID
    into_id: UUID


class CourseCopied(Event, frozen=True):
    """A copy with its lessons stands, by somebody who may change both; what belongs to a course may follow."""

    course_id: UUID
    of_id: UUID
