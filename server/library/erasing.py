"""What becomes of a person in the library: what others learn from stays, under no name; opinions go."""

from sync.erasing import NEUTRAL_NAME, Blank, Forget

erasures = (
    Forget("library_downloads", "user_id"),
    Forget("library_ratings", "user_id"),
    Blank("library_reviews", "reviewer_id", {"reviewer_name": NEUTRAL_NAME}),
    Blank("library_items", "educator_id", {"educator_name": NEUTRAL_NAME}),
    Blank("library_shelf", "educator_id", {"educator_name": NEUTRAL_NAME}),
)
