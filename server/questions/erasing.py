"""What becomes of a person's questions and answers.

A question loses its words and its name, and goes where nobody answered it; an answer that others learn from stays under
the neutral name. What others were told of the person's questions goes, for it quotes them.
"""

from sync.collection import equals
from sync.erasing import NEUTRAL_NAME, NEUTRAL_TEXT, NOW, Blank, Forget, Leave, Through

erasures = (
    Forget("notifications_notifications", "author_id", through=Through("reference_id", "questions_questions")),
    Forget("questions_reports", "reporter_id"),
    Leave("questions_reports", "reviewed_by_id"),
    Blank("questions_answers", "author_id", {"author_name": NEUTRAL_NAME}),
    Leave("questions_answers", "asker_id"),
    Blank(
        "questions_questions",
        "author_id",
        {"author_name": NEUTRAL_NAME, "title": NEUTRAL_TEXT, "body": NEUTRAL_TEXT},
    ),
    Blank("questions_questions", "author_id", {"deleted_at": NOW}, when=equals("answers_count", 0)),
    Leave("questions_questions", "closed_by_id"),
)
