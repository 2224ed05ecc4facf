"""What becomes of a person in the catalogue: progress goes; courses stay, for others learn from them."""

from sync.erasing import NEUTRAL_NAME, Blank, Forget, Leave

erasures = (
    Forget("catalog_progress", "user_id"),
    Forget("catalog_readiness", "user_id"),
    Forget("catalog_course_staff", "user_id"),
    Leave("catalog_courses", "created_by_id"),
    Leave("catalog_subjects", "proposed_by_id"),
    Blank("catalog_revisions", "by_id", {"by_name": NEUTRAL_NAME}),
)
