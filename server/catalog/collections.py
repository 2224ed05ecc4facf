"""What phones hold of the catalogue, and who holds which bucket.

public             subjects, cards of published courses
course:{id}        sections, lessons, texts, files of a published course: for everyone when it is free, and its staff
course-staff:{id}  the same of a draft too, and its card
subject:{id}       public questions (declared by `questions`), for whoever asks
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from server.base.errors import NotFound
from server.base.tx import Tx
from server.catalog import drafting
from server.catalog.models import Lesson
from server.catalog.schemas import (
    CourseRow,
    LessonRow,
    LessonTextRow,
    ProgressRow,
    RevisionRow,
    SectionRow,
    SubjectRow,
)
from sync.collection import (
    EVERYONE,
    BucketKind,
    Change,
    Collection,
    Grant,
    Name,
    all_of,
    audience,
    bucket,
    derived_id,
    equals,
    is_null,
    is_set,
)
from sync.errors import Refusal
from sync.merge import ByField, ByServer, Cas, Join, Lww, Place, Text

bucket_kinds = (
    BucketKind("course", automatic=False),
    BucketKind("course-staff", automatic=True),
    BucketKind("subject", automatic=False),
)

subjects = Collection(
    name="catalog.subjects",
    table="catalog_subjects",
    row=SubjectRow,
    buckets=(
        bucket("public", when=equals("is_active", True)),
        bucket("user", "proposed_by_id", when=all_of(equals("is_active", False), is_null("merged_into"))),
    ),
    tier=0,
    order_by=("order_index",),
    merge=ByServer(),
    deletion="by_server",
)

courses = Collection(
    name="catalog.courses",
    table="catalog_courses",
    row=CourseRow,
    buckets=(bucket("public", when=is_set("published_at")), bucket("course-staff", "id")),
    tier=0,
    order_by=("order_index",),
    merge=ByField(
        {
            "title": Text(length_max=255, marked_while_null="published_at"),
            "description": Text(length_max=5_000, marked_while_null="published_at"),
            "language": Lww(),
            "level": Lww(),
            "subject_id": Lww(),
            "status": Cas(also=("title", "description", "language", "level", "subject_id")),
        }
    ),
    may_patch=frozenset({"title", "description", "language", "level", "subject_id", "status"}),
    deletion="by_server",
    right=drafting.may_write,
    guard=drafting.guard_course,
    after_write=drafting.after_course,
)

_OF_COURSE = (bucket("course", "course_id", when=is_set("published_at")), bucket("course-staff", "course_id"))

sections = Collection(
    name="catalog.sections",
    table="catalog_sections",
    above=("catalog_courses", "course_id"),
    row=SectionRow,
    buckets=_OF_COURSE,
    tier=1,
    order_by=("rank",),
    merge=ByField({"title": Text(length_max=255, marked_while_null="published_at"), "rank": Place()}),
    may_create=frozenset({"course_id", "title", "rank"}),
    may_patch=frozenset({"title", "rank"}),
    deletion="edit_wins",
    right=drafting.may_write,
    guard=drafting.guard_section,
)

lessons = Collection(
    name="catalog.lessons",
    table="catalog_lessons",
    above=("catalog_courses", "course_id"),
    row=LessonRow,
    buckets=_OF_COURSE,
    tier=1,
    order_by=("rank",),
    merge=ByField(
        {
            "section_id": Lww(),
            "title": Text(length_max=255, marked_while_null="published_at"),
            "rank": Place(),
        }
    ),
    may_create=frozenset({"section_id", "title", "rank"}),
    may_patch=frozenset({"section_id", "title", "rank"}),
    deletion="edit_wins",
    right=drafting.may_write_lesson,
    guard=drafting.guard_lesson,
    after_write=drafting.after_lesson,
)

lesson_texts = Collection(
    name="catalog.lesson_texts",
    table="catalog_lesson_texts",
    above=("catalog_courses", "course_id"),
    row=LessonTextRow,
    buckets=_OF_COURSE,
    tier=2,
    order_by=("rank",),
    merge=ByField({"blocks": Text(join=drafting.join_blocks, marked_while_null="published_at")}),
    may_patch=frozenset({"blocks"}),
    deletion="edit_wins",  # It goes with its lesson; an edit that did not know of that brings both back.
    right=drafting.may_write,
    guard=drafting.guard_text,
    after_write=drafting.after_text,
)


class WrongId(Refusal):
    """The id of a progress row is made from the person and the lesson; this one is not."""

    code = "progress.wrong_id"


async def look_for_lessons(tx: Tx, changes: Sequence[Change]) -> set[UUID]:
    """Which lessons there are, of those that were read."""
    wanted = {change.fields["lesson_id"] for change in changes if "lesson_id" in change.fields}
    return set((await tx.db.execute(select(Lesson.id).where(Lesson.id.in_(wanted)))).scalars())


async def own_progress(tx: Tx, change: Change) -> None:
    """Whose progress it is follows from who sends it. Raises WrongId, NotFound (no such lesson)."""
    completed_at = change.fields.get("completed_at")
    if completed_at is not None:
        change.fields["completed_at"] = min(
            completed_at, tx.now
        )  # A phone whose clock is ahead finished today, not in 2060.
    if change.before is not None:
        if change.before["user_id"] != tx.actor.id:
            raise WrongId
        return
    lesson_id = change.fields["lesson_id"]
    if change.id != derived_id("catalog.progress", tx.actor.id, lesson_id):
        raise WrongId
    # A lesson that was taken back meanwhile counts too: nothing a learner did is lost.
    if lesson_id not in change.ahead:
        raise NotFound(f"There is no lesson {lesson_id}.")
    change.fill(user_id=tx.actor.id)


progress = Collection(
    name="catalog.progress",
    table="catalog_progress",
    row=ProgressRow,
    buckets=(bucket("user", "user_id"),),
    tier=1,
    merge=Join({"seen_ppm": "greater", "seconds": "greater", "completed_at": "earlier"}),
    may_create=frozenset({"lesson_id", "seen_ppm", "seconds", "completed_at"}),
    may_patch=frozenset({"seen_ppm", "seconds", "completed_at"}),
    key=("user_id", "lesson_id"),
    deletion="by_server",
    guard=own_progress,
    reads=frozenset({"catalog_lessons"}),
    look_ahead=look_for_lessons,
)

revisions = Collection(
    name="catalog.revisions",
    table="catalog_revisions",
    row=RevisionRow,
    buckets=(bucket("course-staff", "course_id"),),
    tier=3,
    order_by=("number",),
    merge=ByServer(),
    deletion="by_server",
)

free_courses = Grant(
    table="catalog_courses",
    audience=EVERYONE,
    bucket=Name("course", "id"),
    when=all_of(is_set("published_at"), equals("access", "free")),
)
staff_drafts = Grant(
    table="catalog_course_staff", audience=audience("user", "user_id"), bucket=Name("course-staff", "course_id")
)
staff_courses = Grant(
    table="catalog_course_staff", audience=audience("user", "user_id"), bucket=Name("course", "course_id")
)
subject_readers = Grant(table="catalog_subjects", audience=EVERYONE, bucket=Name("subject", "id"))

grants = (free_courses, staff_drafts, staff_courses, subject_readers)
