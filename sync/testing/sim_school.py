"""The declarations of a simulated world: the sample's collections, and a school whose courses people may download.

Courses come on demand (two tiers), classes by themselves; who may see what follows from enrolments and from the
courses that a class was given: the office writes those past the engine. Pads are one person's, from several phones.
"""

from datetime import datetime
from typing import Annotated
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
from sync.merge import ByField, Cas, Elements, Place, Text
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


class PadRow(msgspec.Struct, frozen=True):
    id: UUID
    user_id: UUID
    body: Annotated[str, msgspec.Meta(max_length=4_000)] | None
    tags: list[str] | None
    place: str | None
    status: str | None


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
PADS = Collection(
    name="school.pads",
    table="school_pads",
    row=PadRow,
    buckets=(bucket("user", "user_id"),),
    merge=ByField(
        {
            "body": Text(length_max=4_000),
            "tags": Elements(count_max=60, length_max=20),
            "place": Place(),
            "status": Cas(),
        }
    ),
    may_create=frozenset({"body", "tags", "place", "status"}),
    may_patch=frozenset({"body", "tags", "place", "status"}),
    deletion="edit_wins",
)
ENROLMENTS = "school_enrolments"
CLASS_COURSES = "school_class_courses"
UNLOCKS = "school_unlocks"


def world_registry() -> Registry:
    return build_registry(
        schema=1,
        collections=(*COLLECTIONS, PADS, LESSONS, TEXTS),
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
