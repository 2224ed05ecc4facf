"""What phones hold of help questions: one's own, the queue of one's subjects, what is public in a subject."""

from server.questions.schemas import AnswerRow, QuestionRow
from sync.collection import (
    BucketKind,
    Collection,
    Grant,
    Name,
    all_of,
    audience,
    bucket,
    equals,
    is_null,
)
from sync.merge import ByServer

questions = Collection(
    name="questions.questions",  # On every phone: never renamed, never used again.
    table="questions_questions",
    row=QuestionRow,
    buckets=(
        bucket("user", "author_id"),
        bucket("mentors", "subject_id", when=is_null("withdrawn_at")),
        bucket(
            "subject",
            "subject_id",
            when=all_of(equals("visibility", "public"), is_null("hidden_at"), is_null("withdrawn_at")),
        ),
    ),
    order_by=("asked_at",),
    merge=ByServer(),
    deletion="by_server",
)

answers = Collection(
    name="questions.answers",  # On every phone: never renamed, never used again.
    table="questions_answers",
    row=AnswerRow,
    buckets=(
        bucket("user", "asker_id", when=is_null("hidden_at")),
        bucket("mentors", "subject_id"),
        bucket(
            "subject",
            "subject_id",
            when=all_of(equals("visibility", "public"), is_null("hidden_at"), is_null("withheld_at")),
        ),
    ),
    order_by=("posted_at",),
    merge=ByServer(),
    deletion="by_server",
)

mentors = BucketKind("mentors", automatic=True)

# Admins hold every queue; a mentor's own are granted by identity, subject by subject.
admin_queues = tuple(
    Grant(table="catalog_subjects", audience=audience("role", value=role), bucket=Name("mentors", "id"))
    for role in ("admin", "super_admin")
)
