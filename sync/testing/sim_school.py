"""The declarations of a simulated world: the sample's collections, and a school whose courses people may download.

Courses come on demand (two tiers), classes by themselves; who may see what follows from enrolments and from the
courses that a class was given. `SCHOOL_TIERS` and the rest are read by the office, which writes past the engine.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from sync.collection import (
    BucketKind,
    Collection,
    Grant,
    Link,
    Membership,
    Name,
    audience,
    bucket,
    equals,
    is_set,
)
from sync.registry import Registry, build_registry
from sync.testing.sample import COLLECTIONS, jot, spend, submit


class LessonRow(msgspec.Struct, frozen=True):
    id: UUID
    course_id: UUID
    title: str
    published_at: datetime | None = None


class TextRow(msgspec.Struct, frozen=True):
    id: UUID
    course_id: UUID
    body: str


LESSONS = Collection(
    name="school.lessons",
    table="school_lessons",
    row=LessonRow,
    buckets=(
        bucket("course", "course_id", when=is_set("published_at")),
        bucket("class", "class_id", link=Link("school_unlocks", "lesson_id")),
    ),
    tier=1,
    order_by=("title",),
)
TEXTS = Collection(
    name="school.texts", table="school_texts", row=TextRow, buckets=(bucket("course", "course_id"),), tier=2
)
ENROLMENTS = "school_enrolments"
CLASS_COURSES = "school_class_courses"
UNLOCKS = "school_unlocks"


def world_registry() -> Registry:
    return build_registry(
        schema=1,
        collections=(*COLLECTIONS, LESSONS, TEXTS),
        mutators=(submit, spend, jot),
        memberships=(
            Membership(ENROLMENTS, "student_id", audience("class", "class_id"), when=equals("status", "active")),
        ),
        grants=(
            Grant(CLASS_COURSES, audience("class", "class_id"), Name("course", "course_id")),
            Grant(CLASS_COURSES, audience("class", "class_id"), Name("class", "class_id")),
        ),
        bucket_kinds=(BucketKind("course", automatic=False), BucketKind("class", automatic=True)),
    )
