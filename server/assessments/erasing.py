"""What becomes of a person's tests: attempts go with all that hangs on them; authored tests stay."""

from sync.erasing import Forget, Leave, Through

_ATTEMPT = Through("attempt_id", "assessments_attempts")

erasures = (
    Forget("assessments_answer_history", "user_id", through=_ATTEMPT),
    Forget("assessments_gradings", "user_id", through=_ATTEMPT),
    Forget("assessments_answers", "user_id"),
    Forget("assessments_attempts", "user_id"),
    Leave("assessments_assessments", "created_by_id"),
    Leave("assessments_bank_items", "owner_id"),
    Leave("assessments_drafts", "owner_id"),
    Leave("assessments_tests", "owner_id"),
)
