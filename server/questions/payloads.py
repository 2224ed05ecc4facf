"""What jobs are told. Apart from the jobs, so that mutators need not import them."""

from uuid import UUID

from server.base.jobs import Payload


class NotifyMentors(Payload, frozen=True, tag="questions.notify_mentors"):
    question_id: UUID


class NotifyAsker(Payload, frozen=True, tag="questions.notify_asker"):
    answer_id: UUID


class NotifyAccepted(Payload, frozen=True, tag="questions.notify_accepted"):
    answer_id: UUID
