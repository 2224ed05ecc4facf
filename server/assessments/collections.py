"""What phones hold of tests. No collection reads the table of keys; drafts hold theirs, and are staff's alone."""

from server.assessments import attempts as taking
from server.assessments import bank, keeping
from server.assessments.schemas import AnswerRow, AssessmentRow, AttemptRow, DraftRow, ItemRow, TestRow
from server.catalog.drafting import may_write
from sync.collection import Collection, all_of, bucket, is_null, is_set
from sync.merge import ByField, ByServer, Cas, Fsm, Lww, LwwField, Text

assessments = Collection(
    name="assessments.assessments",  # On every phone: never renamed, never used again.
    table="assessments_assessments",
    row=AssessmentRow,
    buckets=(bucket("course", "course_id", when=is_set("published_at")), bucket("course-staff", "course_id")),
    order_by=("created_at",),
    merge=ByServer(),
    deletion="by_server",
)

items = Collection(
    name="assessments.items",  # On every phone: never renamed, never used again.
    table="assessments_items",
    row=ItemRow,
    buckets=(
        bucket("course", "course_id", when=all_of(is_set("published_at"), is_null("retired_at"))),
        bucket("course-staff", "course_id", when=is_null("retired_at")),
    ),
    tier=2,
    order_by=("assessment_id", "rank"),
    merge=ByServer(),
    deletion="by_server",
)

attempts = Collection(
    name="assessments.attempts",  # On every phone: never renamed, never used again.
    table="assessments_attempts",
    row=AttemptRow,
    buckets=(bucket("user", "user_id"), bucket("course-staff", "course_id")),
    order_by=("started_at",),
    merge=Fsm(field="state", initial="in_progress", moves={"submit": ("in_progress",)}),
    may_create=frozenset({"assessment_id", "revision", "started_at"}),
    guard=taking.begin_attempt,
    after_write=taking.keep_items_pinned,
    deletion="by_server",
)

answers = Collection(
    name="assessments.answers",  # On every phone: never renamed, never used again.
    table="assessments_answers",
    row=AnswerRow,
    buckets=(bucket("user", "user_id"),),
    merge=LwwField(),
    may_create=frozenset({"attempt_id", "item_id", "value"}),
    may_patch=frozenset({"value"}),
    key=("attempt_id", "item_id"),
    guard=taking.accept_answer,
    reads=frozenset({"assessments_attempts", "assessments_items"}),
    look_ahead=taking.look_for_attempts,
    after_run=taking.keep_history,
    touches=frozenset({"assessments_answer_history"}),
    expand=taking.expand_batch,
    deletion="by_server",
)

# A rule for learners here would be every answer on every phone: `test_secrecy.py` keeps it out.
_STAFF_ALONE = (bucket("course-staff", "course_id"),)

drafts = Collection(
    name="assessments.drafts",  # On every phone: never renamed, never used again.
    table="assessments_drafts",
    row=DraftRow,
    buckets=_STAFF_ALONE,
    tier=2,
    order_by=("created_at",),
    merge=ByField(
        {
            "title": Text(length_max=255),
            "question": Cas(),
            "points": Lww(),
            "difficulty": Lww(),
            "topic_tags": Lww(),
            "language": Lww(),
            "status": Lww(),
        }
    ),
    may_create=frozenset(
        {"course_id", "title", "question", "points", "difficulty", "topic_tags", "language", "status"}
    ),
    may_patch=frozenset({"title", "question", "points", "difficulty", "topic_tags", "language", "status"}),
    deletion="edit_wins",
    right=may_write,
    guard=bank.guard_draft,
    after_write=keeping.lend_pictures,
)

tests = Collection(
    name="assessments.tests",  # On every phone: never renamed, never used again.
    table="assessments_tests",
    row=TestRow,
    buckets=_STAFF_ALONE,
    tier=2,
    order_by=("created_at",),
    merge=ByField(
        {
            "lesson_id": Lww(),
            "title": Text(length_max=255),
            "kind": Lww(),
            "draft_ids": Text(join=bank.join_ids),
            "pass_ppm": Lww(),
            "attempts_max": Lww(),
            "duration_s": Lww(),
        }
    ),
    may_create=frozenset(
        {"course_id", "lesson_id", "title", "kind", "draft_ids", "pass_ppm", "attempts_max", "duration_s"}
    ),
    may_patch=frozenset({"lesson_id", "title", "kind", "draft_ids", "pass_ppm", "attempts_max", "duration_s"}),
    deletion="edit_wins",
    right=may_write,
    guard=bank.guard_test,
)
