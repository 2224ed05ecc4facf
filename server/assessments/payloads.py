"""What jobs are told. Apart from the jobs, so that mutators need not import them."""

from uuid import UUID

from server.base.jobs import Payload


class GradeAttempt(Payload, frozen=True, tag="assessments.grade_attempt"):
    attempt_id: UUID


class RetireItems(Payload, frozen=True, tag="assessments.retire_items"):
    assessment_id: UUID
